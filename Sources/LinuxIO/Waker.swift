import CLinux

/// Wakes a poller from another thread (eventfd).
public final class Waker: Sendable {
  private let event: FileDescriptor

  public init() throws(SystemError) {
    event = try FileDescriptor(clinux_eventfd_create(), "create a waker")
  }

  /// What to add to the poller, for reading.
  public var descriptor: Int32 { event.number }

  /// Makes the descriptor readable; wakes before the next `drain` count as one.
  public func wake() {
    var one: UInt64 = 1
    // The one error there is, a full counter, means that it is readable already.
    _ = clinux_write(event.number, &one, MemoryLayout<UInt64>.size)
  }

  /// Makes the descriptor quiet again; call it before looking at what the wake was for.
  public func drain() {
    var count: UInt64 = 0
    _ = clinux_read(event.number, &count, MemoryLayout<UInt64>.size)
  }
}
