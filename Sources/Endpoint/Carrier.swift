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
  /// It has carried its one single-shot tunnel, or that failed: nothing more may connect (LT-8).
  var isSpent = false
  /// A single-shot tunnel claimed it (LT-6).
  var isSingleShot = false

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

  var configuration: CarrierConfiguration {
    CarrierConfiguration(encapsulation: encapsulation, local: path.local, remote: path.remote)
  }
}

/// One pair of ESP SAs of a connection.
struct Child: Sendable {
  let connection: ConnectionID
  let outboundSPI: UInt32
  /// What to send under as soon as the peer has shown that it has the SA.
  var pendingOutbound: SAConfiguration?
}

/// How this endpoint numbers its tunnels, in the order of their creation; never used again.
public struct TunnelNumber: Hashable, Comparable, Sendable, CustomStringConvertible {
  public let value: UInt32

  public init(_ value: UInt32) { self.value = value }

  public static func < (left: TunnelNumber, right: TunnelNumber) -> Bool {
    left.value < right.value
  }

  public var description: String { String(value) }
}
