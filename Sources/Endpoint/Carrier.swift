import Dataplane
import IKE
import Primitives

/// What carries L2TP to one peer: an IPsec connection, or clear UDP where a profile allows it.
struct Carrier: Sendable {
  enum Kind: Sendable, Equatable {
    case ipsec(ConnectionID)
    case clear
  }

  let id: CarrierID
  let kind: Kind
  /// Where the peer is now; its port is the outer one (NAT-T) or 1701 (clear).
  var path: Path
  var encapsulation: Encapsulation
  /// Tunnels that have a record on it, by our L2TP tunnel id.
  var tunnels: [UInt16: TunnelNumber] = [:]
  /// Closed sessions that have a record, oldest first.
  var closedSessions: [SessionID] = []
  /// Tunnels that it has carried so far, those without a record any more among them.
  var tunnelsInLife = 0
  /// Inbound SPIs of its ESP SA pairs.
  var children: [UInt32] = []
  /// It has carried its one single-shot tunnel, or that failed: nothing more may connect (LT-8).
  var isSpent = false
  /// A single-shot tunnel claimed it (LT-6); never without IPsec.
  var isSingleShot = false
  private var refusalReportedAt: Instant?

  init(id: CarrierID, kind: Kind, path: Path, encapsulation: Encapsulation) {
    self.id = id
    self.kind = kind
    self.path = path
    self.encapsulation = encapsulation
  }

  var connection: ConnectionID? {
    switch kind {
    case .ipsec(let connection): connection
    case .clear: nil
    }
  }

  /// Whether one more tunnel would break LT-6 or LT-8: with IPsec, a single-shot tunnel is alone on
  /// its carrier from first to last.
  func isUsedUp(for rules: TunnelRules) -> Bool {
    guard connection != nil else { return false }
    return isSpent || (isSingleShot || rules.isSingleShot) && tunnelsInLife > 0
  }

  /// A refusal is worth an event once a second: a peer that asks without end must not fill the
  /// journal.
  mutating func mayReportRefusal(at now: Instant) -> Bool {
    if let last = refusalReportedAt, now < last + .seconds(1) { return false }
    refusalReportedAt = now
    return true
  }

  var configuration: CarrierConfiguration {
    CarrierConfiguration(encapsulation: encapsulation, local: path.local, remote: path.remote)
  }
}

/// One pair of ESP SAs of a connection.
struct Child: Sendable {
  let outboundSPI: UInt32
  /// What to send under as soon as the peer has shown that it has the SA.
  var pendingOutbound: SAConfiguration?
}
