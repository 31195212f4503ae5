import CLinux

/// A setting of the kernel under /proc/sys.
public struct KernelSetting: Hashable, Sendable {
  /// The longest value that is read.
  static let valueBytesMax = 4096

  /// Below /proc/sys.
  public let path: String

  public init(path: String) { self.path = path }

  /// Whether IPv4 packets are forwarded between interfaces: `0` or `1`.
  public static let ipv4Forwarding = KernelSetting(path: "net/ipv4/ip_forward")

  /// The present value without the line's end.
  public func read() throws(SystemError) -> String {
    let file = try FileDescriptor(clinux_open_file(fullPath, 0), "open \(fullPath)")
    var bytes = [UInt8](repeating: 0, count: Self.valueBytesMax)
    let count = try check(
      clinux_read(file.number, &bytes, bytes.count), "read \(fullPath)")
    return String(decoding: bytes.prefix(Int(count)).prefix { $0 != 10 }, as: UTF8.self)
  }

  /// Sets the value; in a container /proc/sys is often read-only (EROFS).
  public func write(_ value: String) throws(SystemError) {
    let file = try FileDescriptor(clinux_open_file(fullPath, 1), "open \(fullPath)")
    let bytes = Array(value.utf8)
    try check(clinux_write(file.number, bytes, bytes.count), "set \(fullPath) to \(value)")
  }

  private var fullPath: String { "/proc/sys/\(path)" }
}
