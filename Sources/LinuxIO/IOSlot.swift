/// Where one datagram or packet lies in the caller's arena, and whom it is from and for.
///
/// 64 bytes. The layout is the C shim's `clinux_slot`, so that batches pass without copying; a test
/// compares them.
public struct IOSlot: Hashable, Sendable {
  /// First byte in the arena.
  public var offset: UInt32
  /// Bytes that a receive may fill from `offset`.
  public var capacityBytes: UInt32
  /// Bytes received, or to send.
  public var lengthBytes: UInt32
  /// 0: one datagram. Otherwise `lengthBytes` are datagrams of this many bytes one after the other,
  /// the last may be shorter (UDP_GRO on receive, UDP_SEGMENT on send).
  public var segmentBytes: UInt16
  /// After a send: why this one was given up (an error number); 0 when it was sent.
  public var failure: UInt16
  /// The peer.
  public var remote: IOAddress
  /// This end: the destination of what was received, the source of what is sent.
  public var local: IOAddress

  /// A slot to receive into.
  public init(offset: Int, capacityBytes: Int) {
    self.offset = UInt32(offset)
    self.capacityBytes = UInt32(capacityBytes)
    lengthBytes = 0
    segmentBytes = 0
    failure = 0
    remote = .none
    local = .none
  }

  /// A slot to send from.
  public init(
    offset: Int, lengthBytes: Int, segmentBytes: UInt16 = 0, from local: IOAddress = .none,
    to remote: IOAddress = .none
  ) {
    self.init(offset: offset, capacityBytes: lengthBytes)
    self.lengthBytes = UInt32(lengthBytes)
    self.segmentBytes = segmentBytes
    self.local = local
    self.remote = remote
  }

  /// Whether what a receive may fill lies in an arena of `count` bytes.
  func hasCapacity(in count: Int) -> Bool { Int(offset) + Int(capacityBytes) <= count }

  /// Whether what is to send lies in an arena of `count` bytes.
  func hasContent(in count: Int) -> Bool { Int(offset) + Int(lengthBytes) <= count }
}
