import Primitives

extension Form where Value == IPAddress {
  static let address = Form("address", show: { "\($0)" }) { text throws(FormProblem) in
    guard let address = IPAddress(text) else {
      throw FormProblem(
        .invalidValue, "“\(text)” is not an IP address",
        cause: "a host name, a prefix, or a leading zero",
        next: "write an address as 192.0.2.1 or 2001:db8::1")
    }
    return address
  }
}

extension Form where Value == IPv4Address {
  static let ipv4Address = Form("IPv4 address", show: { "\($0)" }) { text throws(FormProblem) in
    guard let address = IPv4Address(text) else {
      throw FormProblem(
        .invalidValue, "“\(text)” is not an IPv4 address",
        cause: "IPCP and its pools know IPv4 only", next: "write an address as 10.9.0.7")
    }
    return address
  }
}

extension Form where Value == IPPrefix {
  /// A block whose host bits are zero; others are most often a typing error.
  static let prefix = Form("address block", show: { "\($0)" }) { text throws(FormProblem) in
    guard let prefix = IPPrefix(text) else {
      throw FormProblem(
        .invalidValue, "“\(text)” is not an address block", cause: "the length is missing",
        next: "write it as 10.9.0.0/24 or 2001:db8::/32")
    }
    guard prefix.isNetwork else {
      throw FormProblem(
        .invalidValue, "“\(text)” has bits set behind its length",
        cause: "an address was written instead of its block", next: "set the host bits to zero")
    }
    return prefix
  }
}

extension Form where Value == PeerSelector {
  static let peer = Form("`any`, address or address block", show: { "\($0)" }) {
    text throws(FormProblem) in
    if text == "any" { return .any }
    if let address = IPAddress(text) { return .address(address) }
    if text.contains("/") { return .prefix(try Form<IPPrefix>.prefix.parse(text)) }
    throw FormProblem(
      .invalidValue, "“\(text)” names no peer",
      cause: "a host name; main mode knows no more than the address",
      next: "write any, an address or an address block")
  }
}

extension Form where Value == AddressRange {
  static let range = Form("IPv4 block or range `FIRST-LAST`", show: { "\($0)" }) {
    text throws(FormProblem) in
    guard let range = AddressRange(text) else {
      throw FormProblem(
        .invalidValue, "“\(text)” is no pool of addresses",
        cause: "an open end, a first address behind the last, or set host bits",
        next: "write 10.9.0.0/24 or 10.9.0.10-10.9.0.99")
    }
    guard range.count <= AddressRange.countMax else {
      throw FormProblem(
        .outOfRange, "the pool has \(range.count) addresses", cause: "the block is too large",
        next: "use at most \(AddressRange.countMax) addresses (a /16)")
    }
    return range
  }
}

extension IPPrefix {
  /// Whether no bit behind the length is set.
  var isNetwork: Bool {
    for (index, byte) in address.bytes.enumerated() {
      let bits = min(8, max(0, lengthBits - index * 8))
      if UInt16(byte) << UInt16(bits) & 0xFF != 0 { return false }
    }
    return true
  }
}
