import Primitives

// Where everybody is, and what the two ends must agree upon.
extension Cast {
  public var gatewayAddress: IPAddress {
    isIPv6
      ? .v6(IPv6Address(high: 0x2001_0db8_0000_0001, low: 1)) : .v4(IPv4Address(203, 0, 113, 1))
  }

  /// There is address translation in IPv4 only.
  public static let natAddress = IPAddress.v4(IPv4Address(203, 0, 113, 2))

  /// The address of the client with this index, inside the NAT or not.
  public func clientAddress(_ index: Int) -> IPAddress {
    isIPv6
      ? .v6(IPv6Address(high: 0x2001_0db8_0000_0002, low: 2 + UInt64(clamping: index)))
      : .v4(IPv4Address(192, 168, 77, UInt8(truncatingIfNeeded: 2 + index)))
  }

  /// The place of somebody who is neither gateway nor client.
  var intruderAddress: IPAddress {
    isIPv6
      ? .v6(IPv6Address(high: 0x2001_0db8_0000_0009, low: 9))
      : .v4(IPv4Address(198, 51, 100, 9))
  }

  /// What comes out when the gateway chooses among what a client offers.
  var gatewayChoice: AlgorithmChecker.Choice {
    AlgorithmChecker.Choice(
      isakmp: isakmpTransforms.first { clientISAKMPTransforms.contains($0) },
      esp: espTransforms.first { clientESPTransforms.contains($0) })
  }

  /// What comes out when a client chooses among what the gateway offers.
  var clientChoice: AlgorithmChecker.Choice {
    AlgorithmChecker.Choice(
      isakmp: clientISAKMPTransforms.first { isakmpTransforms.contains($0) },
      esp: clientESPTransforms.first { espTransforms.contains($0) })
  }
}
