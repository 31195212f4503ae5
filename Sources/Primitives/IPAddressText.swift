// Addresses as text, both ways. Strict: what is not an address by RFC 4291 §2.2 or the dotted
// decimal form without leading zeros is refused.

extension IPv4Address: CustomStringConvertible, LosslessStringConvertible {
  public var description: String { bytes.map(String.init).joined(separator: ".") }

  public init?(_ text: String) {
    let fields = text.split(separator: ".", omittingEmptySubsequences: false)
    guard fields.count == 4 else { return nil }
    var value: UInt32 = 0
    for field in fields {
      guard let octet = Self.octet(field) else { return nil }
      value = value << 8 | UInt32(octet)
    }
    self.init(value)
  }

  private static func octet(_ field: Substring) -> UInt8? {
    guard (1...3).contains(field.utf8.count), field.utf8.allSatisfy({ (48...57).contains($0) })
    else { return nil }
    guard field.utf8.count == 1 || field.utf8.first != 48 else { return nil }
    return UInt8(field)
  }
}

extension IPv6Address: CustomStringConvertible, LosslessStringConvertible {
  private var groups: [UInt16] {
    [high, low].flatMap { half in
      [48, 32, 16, 0].map { UInt16(truncatingIfNeeded: half >> UInt64($0)) }
    }
  }

  /// The form of RFC 5952: lower case, the longest run of zero groups shortened.
  public var description: String {
    let groups = groups
    let run = Self.longestZeroRun(groups)
    let texts = groups.map { String($0, radix: 16) }
    guard let run else { return texts.joined(separator: ":") }
    return texts[..<run.lowerBound].joined(separator: ":") + "::"
      + texts[run.upperBound...].joined(separator: ":")
  }

  public init?(_ text: String) {
    guard let halves = Self.halves(of: text), let first = Self.groups(of: halves.first) else {
      return nil
    }
    var all = first
    if let second = halves.second {
      guard let last = Self.groups(of: second), first.count + last.count <= 7 else { return nil }
      all += Array(repeating: 0, count: 8 - first.count - last.count) + last
    }
    guard all.count == 8 else { return nil }
    self.init(
      high: all[..<4].reduce(0) { $0 << 16 | UInt64($1) },
      low: all[4...].reduce(0) { $0 << 16 | UInt64($1) })
  }

  /// Splits at the one `::`; `nil` when there are two.
  private static func halves(of text: String) -> (first: Substring, second: Substring?)? {
    var result: (first: Substring, second: Substring?) = (text[...], nil)
    var index = text.utf8.startIndex
    while index < text.utf8.endIndex {
      let following = text.utf8.index(after: index)
      if text.utf8[index...].starts(with: [58, 58]) {
        guard result.second == nil else { return nil }
        let rest = text.utf8.index(after: following)
        result = (text[..<index], text[rest...])
        index = rest
      } else {
        index = following
      }
    }
    return result
  }

  private static func groups(of text: Substring) -> [UInt16]? {
    guard !text.isEmpty else { return [] }
    var result: [UInt16] = []
    for field in text.split(separator: ":", omittingEmptySubsequences: false) {
      guard (1...4).contains(field.utf8.count), field.utf8.allSatisfy(isHexadecimal),
        let group = UInt16(field, radix: 16), result.count < 8
      else { return nil }
      result.append(group)
    }
    return result
  }

  private static func isHexadecimal(_ byte: UInt8) -> Bool {
    (48...57).contains(byte) || (65...70).contains(byte) || (97...102).contains(byte)
  }

  private static func longestZeroRun(_ groups: [UInt16]) -> Range<Int>? {
    var best: Range<Int>?
    var start: Int?
    for index in 0...groups.count {
      if index < groups.count, groups[index] == 0 {
        start = start ?? index
      } else if let first = start {
        if index - first > max(1, best?.count ?? 0) { best = first..<index }
        start = nil
      }
    }
    return best
  }
}

extension IPAddress: CustomStringConvertible, LosslessStringConvertible {
  public var description: String {
    switch self {
    case .v4(let address): address.description
    case .v6(let address): address.description
    }
  }

  public init?(_ text: String) {
    if let address = IPv4Address(text) {
      self = .v4(address)
    } else if let address = IPv6Address(text) {
      self = .v6(address)
    } else {
      return nil
    }
  }
}

extension SocketAddress: CustomStringConvertible {
  /// `1.2.3.4:500` or `[2001:db8::1]:500`.
  public var description: String {
    address.isIPv4 ? "\(address):\(port)" : "[\(address)]:\(port)"
  }
}

extension IPPrefix: CustomStringConvertible, LosslessStringConvertible {
  public var description: String { "\(address)/\(lengthBits)" }

  public init?(_ text: String) {
    let parts = text.split(separator: "/", omittingEmptySubsequences: false)
    guard parts.count == 2, let address = IPAddress(String(parts[0])),
      parts[1].utf8.allSatisfy({ (48...57).contains($0) }), let length = Int(parts[1])
    else { return nil }
    self.init(address, lengthBits: length)
  }
}
