import Primitives

/// The addresses of both ends outside, in one family.
enum Family: String, CaseIterable, Sendable {
  case v4, v6

  var left: IPAddress {
    switch self {
    case .v4: .v4(IPv4Address(192, 0, 2, 1))
    case .v6: .v6(IPv6Address(high: 0x2001_0DB8_0001_0000, low: 1))
    }
  }

  var right: IPAddress {
    switch self {
    case .v4: .v4(IPv4Address(198, 51, 100, 2))
    case .v6: .v6(IPv6Address(high: 0x2001_0DB8_0002_0000, low: 2))
    }
  }

  /// Of the NAT that the left side may be behind.
  var outside: IPAddress {
    switch self {
    case .v4: .v4(IPv4Address(203, 0, 113, 9))
    case .v6: .v6(IPv6Address(high: 0x2001_0DB8_0003_0000, low: 9))
    }
  }

  /// Of somebody else.
  var stranger: IPAddress {
    switch self {
    case .v4: .v4(IPv4Address(203, 0, 113, 66))
    case .v6: .v6(IPv6Address(high: 0x2001_0DB8_0004_0000, low: 66))
    }
  }
}
