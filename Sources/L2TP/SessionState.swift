import Primitives

/// Which end of incoming calls a tunnel is.
public enum TunnelRole: String, Hashable, Sendable {
  /// Forwards calls: sends ICRQ.
  case lac = "LAC"
  /// Ends PPP: answers ICRQ.
  case lns = "LNS"
}

/// States of an incoming call (RFC 2661 §7.4.1, §7.4.2); `idle` is "no such session".
public enum SessionState: String, CaseIterable, Hashable, Sendable {
  case idle
  case waitTunnel = "wait-tunnel"
  case waitReply = "wait-reply"
  case waitConnect = "wait-connect"
  case established
}

/// What a session does with a message.
enum SessionAction: Hashable {
  /// ICRQ at the LNS: send ICRP if the call is acceptable, else CDN.
  case admit
  /// ICRP at the LAC: send ICCN.
  case answer
  /// ICCN at the LNS: data may flow.
  case connect
  /// Send CDN and clean up.
  case disconnect
  /// A CDN came: clean up.
  case cleanUp
  /// No such session: send CDN.
  case refuse
  /// No such session: nothing is sent.
  case ignore
  /// WEN and SLI inform; a tunnel without physical lines has no use for them.
  case note
}

extension SessionState {
  /// Transition table: §7.4.1 and §7.4.2; for outgoing calls, which we never place, the idle rows
  /// of §7.5.
  func action(on type: MessageType, role: TunnelRole) -> SessionAction {
    switch (role, self, type) {
    case (.lac, .idle, .icrq), (.lac, .idle, .ocrq): .refuse
    case (.lac, .idle, .icrp), (.lac, .idle, .iccn), (.lac, .idle, .cdn): .ignore
    case (.lac, .idle, .ocrp): .refuse
    case (.lac, .idle, .occn): .ignore
    case (.lac, .waitReply, .icrp): .answer
    case (.lac, .waitReply, .icrq): .disconnect
    // The table says "clean up" without a CDN. With one, the peer learns of it.
    case (.lac, .waitReply, .iccn): .disconnect
    case (.lac, .established, .icrq), (.lac, .established, .icrp), (.lac, .established, .iccn):
      .disconnect
    // Nothing was sent for it yet, so nothing of the peer's can be meant for it.
    case (.lac, .waitTunnel, _): .ignore
    // States that a LAC does not have.
    case (.lac, .waitConnect, _): .ignore

    case (.lns, .idle, .icrq): .admit
    case (.lns, .idle, .icrp), (.lns, .idle, .ocrq), (.lns, .idle, .ocrp): .refuse
    case (.lns, .idle, .iccn), (.lns, .idle, .occn), (.lns, .idle, .cdn): .ignore
    case (.lns, .waitConnect, .iccn): .connect
    case (.lns, .waitConnect, .icrq), (.lns, .waitConnect, .icrp): .disconnect
    case (.lns, .established, .icrq), (.lns, .established, .icrp), (.lns, .established, .iccn):
      .disconnect
    // States that an LNS does not have.
    case (.lns, .waitTunnel, _), (.lns, .waitReply, _): .ignore

    case (_, .waitReply, .cdn), (_, .waitConnect, .cdn), (_, .established, .cdn): .cleanUp
    // A message of an outgoing call for an incoming one.
    case (_, .waitReply, .ocrq), (_, .waitReply, .ocrp), (_, .waitReply, .occn),
      (_, .waitConnect, .ocrq), (_, .waitConnect, .ocrp), (_, .waitConnect, .occn),
      (_, .established, .ocrq), (_, .established, .ocrp), (_, .established, .occn):
      .disconnect
    case (_, .idle, .wen), (_, .idle, .sli): .ignore
    case (_, _, .wen), (_, _, .sli): .note
    case (_, _, .sccrq), (_, _, .sccrp), (_, _, .scccn), (_, _, .stopCCN), (_, _, .hello): .ignore
    }
  }
}

/// One incoming call on a tunnel.
struct Session: Sendable {
  var localID: UInt16
  /// 0 until the peer has assigned it.
  var remoteID: UInt16 = 0
  var state: SessionState
  var facts: SessionFacts
}

/// A session that has to be established by an instant.
struct EstablishingSession: Sendable {
  var localID: UInt16
  var due: Instant
}
