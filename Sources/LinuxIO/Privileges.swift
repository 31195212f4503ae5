import CLinux

/// Rights of root that a process can hold one by one (capabilities(7)).
public struct Capabilities: OptionSet, Hashable, Sendable {
  /// Bit n is capability n of linux/capability.h.
  public let rawValue: UInt64

  public init(rawValue: UInt64) { self.rawValue = rawValue }

  /// Bind ports below 1024.
  public static let netBindService = Capabilities(rawValue: 1 << 10)
  /// TUN devices, addresses, routes, large socket buffers.
  public static let netAdmin = Capabilities(rawValue: 1 << 12)
  /// Raw sockets.
  public static let netRaw = Capabilities(rawValue: 1 << 13)
}

/// What the calling thread may do.
public enum Privileges {
  /// The capabilities in effect.
  public static func current() throws(SystemError) -> Capabilities {
    var mask: UInt64 = 0
    try check(clinux_effective_capabilities(&mask), "read the capabilities")
    return Capabilities(rawValue: mask)
  }

  /// Gives up, for ever, every capability but `kept` (as far as held) and the gaining of any by
  /// exec.
  ///
  /// It acts on the calling thread and on those it starts: call it before there are others.
  public static func drop(to kept: Capabilities) throws(SystemError) {
    try check(clinux_keep_capabilities(kept.rawValue), "give up capabilities")
  }
}
