import NIOCore

/// Addresses as they are written in configurations.
enum AddressBytes {
  /// Four or sixteen bytes; `nil` for what is no address.
  static func parse(_ text: String) -> [UInt8]? {
    guard let address = try? SocketAddress(ipAddress: text, port: 0) else { return nil }
    switch address {
    case .v4(let v4): return unsafe withUnsafeBytes(of: v4.address.sin_addr) { unsafe Array($0) }
    case .v6(let v6): return unsafe withUnsafeBytes(of: v6.address.sin6_addr) { unsafe Array($0) }
    case .unixDomainSocket: return nil
    }
  }

  /// 127.0.0.0/8 or ::1.
  static func isLoopback(_ text: String) -> Bool {
    guard let bytes = parse(text) else { return false }
    return bytes.count == 4
      ? bytes[0] == 127 : bytes.dropLast().allSatisfy { $0 == 0 } && bytes[15] == 1
  }
}
