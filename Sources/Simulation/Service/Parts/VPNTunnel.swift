import Agent
import ConnectionService
import Dataplane
import Primitives

/// A model of one tunnel of a VPN agent: dialling takes its time, succeeds or fails, and what is up
/// ends by its own rules.
final class VPNTunnel {
  enum Stage {
    case dialling
    case up(address: IPv4Address, session: SessionID, lastActivity: Instant)
    /// Asked to close; still there.
    case closing(session: SessionID?)
    case over(CloseReason, String)
    /// Gone without a word.
    case vanished
  }

  /// Never used twice in a world.
  let number: Int
  let id: TunnelID
  let inactivity: InactivityTimeout
  /// A secret of the parameters, which a clumsy peer may tell in its refusal.
  let secret: String?
  var stage = Stage.dialling

  init(number: Int, id: TunnelID, inactivity: InactivityTimeout, secret: String?) {
    self.number = number
    self.id = id
    self.inactivity = inactivity
    self.secret = secret
  }

  /// What the connection agent's supervision sees.
  func state(at now: Instant) -> VPNAgentState {
    switch stage {
    case .dialling: .dialling
    case .up(let address, _, let lastActivity):
      .up(
        TunnelReading(
          vpnAddress: "\(address)",
          inactivityLeft: max(.zero, inactivity.duration - (now - lastActivity))))
    case .closing(let session): session == nil ? .dialling : .up(Self.farewell)
    case .over(let reason, let detail): .over(reason, detail: detail)
    case .vanished: .down
    }
  }

  private static let farewell = TunnelReading(vpnAddress: "0.0.0.0", inactivityLeft: .zero)

  var session: SessionID? {
    switch stage {
    case .up(_, let session, _): session
    case .closing(let session): session
    case .dialling, .over, .vanished: nil
    }
  }

  /// Whether there is anything of it left.
  var isLive: Bool {
    switch stage {
    case .dialling, .up, .closing: true
    case .over, .vanished: false
    }
  }

  var isUp: Bool {
    if case .up = stage { true } else { false }
  }
}
