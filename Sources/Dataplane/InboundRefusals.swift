/// What one inbound SA did not let in; the packets of `show ipsec sa` that someone should look at.
public struct InboundRefusals: Hashable, Sendable {
  /// Packets outside the window or seen before (RFC 4303 §3.4.3).
  public internal(set) var replayed: UInt64 = 0
  /// Packets whose check value was wrong (RFC 4303 §3.4.4).
  public internal(set) var badICV: UInt64 = 0
  /// Rightly protected packets that the negotiated selector does not allow.
  public internal(set) var outsideSelector: UInt64 = 0

  public init() {}

  /// Other drops are no SA's matter.
  mutating func count(_ drop: Drop) {
    switch drop {
    case .replayed: replayed &+= 1
    case .badICV: badICV &+= 1
    case .outsideSelector: outsideSelector &+= 1
    default: break
    }
  }
}

extension Dataplane {
  /// What an inbound SA has refused; `nil` when there is none with this SPI.
  public func inboundRefusals(spi: UInt32) -> InboundRefusals? {
    guard let index = spiIndex.find(UInt64(spi)) else { return nil }
    return associations[index].refusals
  }
}
