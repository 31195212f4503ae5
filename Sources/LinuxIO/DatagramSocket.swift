/// What a socket did since it was opened.
public struct IOCounters: Hashable, Sendable {
  /// Datagrams or packets delivered to the caller.
  public var received: UInt64 = 0
  /// Slots wholly handed to the kernel.
  public var sent: UInt64 = 0
  /// Dropped on receive: longer than the slot.
  public var truncated: UInt64 = 0
  /// Dropped on receive: the header before the payload was not sound.
  public var malformed: UInt64 = 0
  /// Given up on send; the slot's `failure` says why.
  public var sendFailures: UInt64 = 0
  /// Errors reported by ICMP (port unreachable and the like), which end nothing.
  public var networkErrors: UInt64 = 0

  public init() {}
}

/// A non-blocking socket that moves datagrams in batches between the kernel and a caller's arena.
///
/// One thread uses it at a time. Nothing is allocated per datagram.
public protocol DatagramSocket: ~Copyable {
  var counters: IOCounters { get }

  /// Receives what has come, up to `slots.count` datagrams; 0 when there is nothing.
  ///
  /// The caller sets `offset` and `capacityBytes` of every slot before each call. Filled slots come
  /// first, in order of arrival. Datagrams that did not fit are dropped and counted, and slot
  /// records may change places for it: read the offset from the slot. A raw socket moves `offset`
  /// past the IP header.
  mutating func receive(
    into arena: UnsafeMutableRawBufferPointer, _ slots: UnsafeMutableBufferPointer<IOSlot>
  ) throws(SystemError) -> Int

  /// Sends the slots in order and returns how many are done with: sent, or given up because this
  /// one cannot be sent (`failure` set, counted). Fewer than `slots.count` means that the socket is
  /// full: go on with the rest when it is writable. The first slot not done may have been
  /// shortened from the front if part of it was sent.
  mutating func send(
    from arena: UnsafeRawBufferPointer, _ slots: UnsafeMutableBufferPointer<IOSlot>
  ) throws(SystemError) -> Int
}
