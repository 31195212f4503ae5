/// A PPP protocol number: the first field of every frame (RFC 1661 §2, values by IANA).
public struct PPPProtocol: RawRepresentable, Hashable, Sendable {
  public var rawValue: UInt16

  public init(rawValue: UInt16) { self.rawValue = rawValue }

  /// An IPv4 packet (RFC 1332 §2).
  public static let ipv4 = PPPProtocol(rawValue: 0x0021)
  /// An IPv6 packet (RFC 5072 §2).
  public static let ipv6 = PPPProtocol(rawValue: 0x0057)
  /// IP Control Protocol (RFC 1332 §2).
  public static let ipcp = PPPProtocol(rawValue: 0x8021)
  /// IPv6 Control Protocol (RFC 5072 §3).
  public static let ipv6cp = PPPProtocol(rawValue: 0x8057)
  /// Encryption Control Protocol (RFC 1968 §2).
  public static let ecp = PPPProtocol(rawValue: 0x8053)
  /// Compression Control Protocol (RFC 1962 §2).
  public static let ccp = PPPProtocol(rawValue: 0x80fd)
  /// Link Control Protocol (RFC 1661 §5).
  public static let lcp = PPPProtocol(rawValue: 0xc021)
  /// Password Authentication Protocol (RFC 1334 §2).
  public static let pap = PPPProtocol(rawValue: 0xc023)
  /// Challenge Handshake Authentication Protocol, MS-CHAPv2 included (RFC 1994 §2.2).
  public static let chap = PPPProtocol(rawValue: 0xc223)
  /// Extensible Authentication Protocol (RFC 3748 §2.3).
  public static let eap = PPPProtocol(rawValue: 0xc227)
}

extension PPPProtocol: CustomStringConvertible {
  /// The protocol's name, or its number in hexadecimal.
  public var description: String {
    switch self {
    case .ipv4: "IPv4"
    case .ipv6: "IPv6"
    case .ipcp: "IPCP"
    case .ipv6cp: "IPV6CP"
    case .ecp: "ECP"
    case .ccp: "CCP"
    case .lcp: "LCP"
    case .pap: "PAP"
    case .chap: "CHAP"
    case .eap: "EAP"
    default: "0x" + String(rawValue, radix: 16)
    }
  }
}
