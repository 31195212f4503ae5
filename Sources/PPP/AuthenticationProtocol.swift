/// How one end proves who it is; weakest last in every list that we make.
public enum AuthenticationProtocol: Sendable, Hashable, CaseIterable {
  /// Microsoft CHAP version 2: the gateway proves itself as well (RFC 2759).
  case msCHAPv2
  /// CHAP with MD5 (RFC 1994).
  case chapMD5
  /// The password in clear, protected by IPsec alone (RFC 1334).
  case pap

  /// CHAP algorithm of MD5 (RFC 1994 §3).
  private static let md5Algorithm: UInt8 = 5
  /// CHAP algorithm of MS-CHAPv2 (RFC 2759 §2).
  private static let msCHAPv2Algorithm: UInt8 = 0x81

  /// The protocol whose frames carry it.
  public var protocolNumber: PPPProtocol {
    switch self {
    case .msCHAPv2, .chapMD5: .chap
    case .pap: .pap
    }
  }

  /// The value of LCP's Authentication-Protocol option: protocol number, and CHAP's algorithm
  /// (RFC 1661 §6.2, RFC 1994 §3).
  var optionValue: [UInt8] {
    switch self {
    case .msCHAPv2: [0xc2, 0x23, Self.msCHAPv2Algorithm]
    case .chapMD5: [0xc2, 0x23, Self.md5Algorithm]
    case .pap: [0xc0, 0x23]
    }
  }

  init?(optionValue: [UInt8]) {
    guard let match = Self.allCases.first(where: { $0.optionValue == optionValue }) else {
      return nil
    }
    self = match
  }
}
