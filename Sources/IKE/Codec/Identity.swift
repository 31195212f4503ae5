import Primitives

/// Who a peer says it is in phase 1 (RFC 2407 §4.6.2.1), already authenticated when seen outside.
public enum Identity: Hashable, Sendable {
  case address(IPAddress)
  case fqdn([UInt8])
  case userFQDN([UInt8])
  case keyID([UInt8])
  /// Any other type, e.g. a distinguished name, kept as it came.
  case other(kind: UInt8, data: [UInt8])

  /// An address, `user@host`, or a host name, told apart as a configuration writes them.
  public init(text: String) {
    if let address = IPAddress(text) {
      self = .address(address)
    } else if text.utf8.contains(UInt8(ascii: "@")) {
      self = .userFQDN(Array(text.utf8))
    } else {
      self = .fqdn(Array(text.utf8))
    }
  }

  init(_ identification: Identification) {
    let data = identification.data
    switch identification.kind {
    case Identification.Kind.ipv4Address, Identification.Kind.ipv6Address:
      self =
        IPAddress(bytes: data).map(Identity.address)
        ?? .other(kind: identification.kind, data: data)
    case Identification.Kind.fqdn: self = .fqdn(data)
    case Identification.Kind.userFQDN: self = .userFQDN(data)
    case Identification.Kind.keyID: self = .keyID(data)
    default: self = .other(kind: identification.kind, data: data)
    }
  }

  var identification: Identification {
    switch self {
    case .address(let address): Identification(address)
    case .fqdn(let name): Identification(kind: Identification.Kind.fqdn, data: name)
    case .userFQDN(let name): Identification(kind: Identification.Kind.userFQDN, data: name)
    case .keyID(let id): Identification(kind: Identification.Kind.keyID, data: id)
    case .other(let kind, let data): Identification(kind: kind, data: data)
    }
  }
}

extension Identity: CustomStringConvertible {
  /// Safe for a terminal and a log line: printable ASCII as it is, every other byte as `\xNN`, and
  /// cut after 128 bytes.
  public var description: String {
    switch self {
    case .address(let address): address.description
    case .fqdn(let name), .userFQDN(let name): Self.printable(name)
    case .keyID(let id): "key-id:" + Self.printable(id)
    case .other(let kind, let data): "type-\(kind):" + Self.printable(data)
    }
  }

  private static func printable(_ bytes: [UInt8]) -> String {
    let shownMax = 128
    var text = ""
    for byte in bytes.prefix(shownMax) {
      if (0x21...0x7e).contains(byte), byte != UInt8(ascii: "\\") {
        text.unicodeScalars.append(Unicode.Scalar(byte))
      } else {
        let digits = String(byte, radix: 16)
        text += "\\x" + (digits.utf8.count == 1 ? "0" : "") + digits
      }
    }
    return bytes.count > shownMax ? text + "…" : text
  }
}
