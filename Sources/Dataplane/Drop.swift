import ESP

/// Why a packet went no further.
public enum Drop: UInt8, Hashable, Sendable, CaseIterable {
  /// A NAT keepalive: one byte FF (RFC 3948 §2.3).
  case keepalive
  /// A dummy ESP packet (RFC 4303 §2.6).
  case dummyESP

  /// On UDP 4500: neither keepalive nor long enough for a marker or an SPI.
  case shortDatagram
  /// An IKE message shorter than its fixed header.
  case shortIKE

  case badESPLength
  case reservedSPI
  /// No such SA: never known, replaced, removed or spent.
  case unknownSPI
  /// ESP in UDP for an SA without it, or the other way round.
  case wrongEncapsulation
  case sequenceZero
  case replayed
  case badICV
  case badPadding
  /// The SA has reached a hard lifetime.
  case expiredSA

  /// Rightly protected, but not UDP to our port 1701: outside the negotiated selector.
  case outsideSelector
  /// L2TP without IPsec from a peer that is not known to speak it.
  case clearL2TP
  case badUDPLength

  case badL2TPHeader
  case badL2TPVersion
  case unknownSession

  case badPPPFrame
  case sessionNotOpen

  case badIPHeader
  /// IPv6 is not carried.
  case ipv6
  /// A source that the session may not use.
  case spoofedSource
  case noRoute
  /// Two sessions that may not talk to each other.
  case pairNotAllowed
  case timeToLiveExceeded

  /// The carrier has no outbound SA at the moment.
  case noOutboundSA
  /// No room for headers or check value: the packet is longer than what the path carries.
  case noRoom
  /// The cryptographic library refused.
  case sealFailed
  /// The control side does not keep up.
  case puntsFull

  init(_ rejection: ESPRejection) {
    self =
      switch rejection {
      case .badLength: .badESPLength
      case .sequenceZero: .sequenceZero
      case .replayed: .replayed
      case .badICV: .badICV
      case .badPadding: .badPadding
      case .expired: .expiredSA
      case .noRoom: .noRoom
      }
  }

  /// The layer whose format was broken, for `malformed{layer,kind}`; `nil` for drops of well-formed
  /// packets.
  public var malformedLayer: String? {
    switch self {
    case .shortDatagram, .badUDPLength: "udp"
    case .shortIKE: "ike"
    case .badESPLength, .reservedSPI, .sequenceZero, .badPadding: "esp"
    case .badL2TPHeader, .badL2TPVersion: "l2tp"
    case .badPPPFrame: "ppp"
    case .badIPHeader: "ip"
    case .keepalive, .dummyESP, .unknownSPI, .wrongEncapsulation, .replayed, .badICV, .expiredSA,
      .outsideSelector, .clearL2TP, .unknownSession, .sessionNotOpen, .ipv6, .spoofedSource,
      .noRoute, .pairNotAllowed, .timeToLiveExceeded, .noOutboundSA, .noRoom, .sealFailed,
      .puntsFull:
      nil
    }
  }
}

/// How often each kind of drop happened.
public struct DropCounters: Sendable {
  private var counts = InlineArray<40, UInt64>(repeating: 0)

  public subscript(drop: Drop) -> UInt64 { counts[Int(drop.rawValue)] }

  /// Packets dropped for whatever reason.
  public var total: UInt64 { Drop.allCases.reduce(0) { $0 &+ self[$1] } }

  mutating func count(_ drop: Drop) { counts[Int(drop.rawValue)] &+= 1 }
}
