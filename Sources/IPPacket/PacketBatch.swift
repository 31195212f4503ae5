import Primitives

/// The sockets of the outer side.
public enum OuterSocket: UInt8, Hashable, Sendable, CaseIterable {
  /// UDP 500: IKE before NAT traversal.
  case udp500
  /// UDP 4500: IKE behind the non-ESP marker, ESP in UDP, keepalives (RFC 3948).
  case udp4500
  /// UDP 1701: L2TP without IPsec.
  case udp1701
  /// The raw socket of IP protocol 50.
  case rawESP
}

/// What is to become of a packet of a batch.
public enum PacketVerdict: Hashable, Sendable {
  /// Not looked at yet.
  case undecided
  /// Nothing more to do: dropped and counted, or copied upwards.
  case done
  /// An IP packet for the TUN device.
  case deliver
  /// A datagram (`udp…`: without UDP header; `rawESP`: without IP header) for `remote`.
  case send(OuterSocket)
}

/// One packet of a batch: where it lies, whom it comes from or goes to, what becomes of it.
public struct PacketSlot: Hashable, Sendable {
  /// The part of the arena that is this packet's alone: room for headers before, for padding and
  /// check value behind.
  public internal(set) var region: Range<Int>
  /// The packet's own bytes.
  public internal(set) var packet: Range<Int>
  /// The peer's address: source of what came in, destination of what goes out; meaningless for
  /// packets of the TUN device.
  public var remote: SocketAddress
  /// Our own address: destination of what came in, source of what goes out.
  public var local: SocketAddress
  public var verdict: PacketVerdict

  /// Moves the packet's bounds, e.g. past a header or over one just written.
  /// - Precondition: they stay within the region.
  public mutating func setPacket(_ range: Range<Int>) {
    precondition(
      range.lowerBound >= region.lowerBound && range.upperBound <= region.upperBound,
      "a packet outside its region")
    packet = range
  }
}

/// Up to `countMax` packets in one arena, worked on in place from one device to the other.
///
/// Plain input takes the regions in turn, each with head-room. A receive buffer that holds several
/// datagrams (GRO), or a super-packet cut into segments (TSO), is described by `append(region:packet:)`
/// instead. Allocated once, used again for every round.
public struct PacketBatch: ~Copyable, Sendable {
  public var arena: PacketArena
  @usableFromInline var slots: FixedArray<PacketSlot>
  public let headroomBytes: Int
  public let regionBytes: Int
  public internal(set) var count = 0

  public var countMax: Int { slots.count }
  public var isFull: Bool { count == countMax }

  /// Room before a packet of a plain region: SPI, sequence number and IV 24, UDP 8, L2TP 12, PPP 4;
  /// rounded up so that packets begin on a cache line.
  public static let headroomBytesDefault = 64
  /// Room behind: padding and trailer 17, check value 32.
  public static let tailroomBytesMin = 49

  /// - Parameter regionBytes: head-room, longest packet and tail-room together.
  /// - Precondition: the sizes are positive and the arena stays below 4 GiB.
  public init(
    countMax: Int, regionBytes: Int = 2_304, headroomBytes: Int = Self.headroomBytesDefault
  ) {
    precondition(countMax > 0 && headroomBytes >= 0, "a batch's sizes are out of range")
    precondition(regionBytes > headroomBytes + Self.tailroomBytesMin, "a region without room")
    arena = PacketArena(byteCount: countMax * regionBytes)
    let nowhere = SocketAddress(.v4(.any), port: 0)
    let empty = PacketSlot(
      region: 0..<0, packet: 0..<0, remote: nowhere, local: nowhere, verdict: .done)
    slots = FixedArray(repeating: empty, count: countMax)
    self.regionBytes = regionBytes
    self.headroomBytes = headroomBytes
  }

  /// The packets, 0…`count` − 1.
  @inlinable
  public subscript(index: Int) -> PacketSlot {
    _read {
      precondition(index < count, "a batch has no such packet")
      yield slots[index]
    }
    _modify {
      precondition(index < count, "a batch has no such packet")
      yield &slots[index]
    }
  }

  public mutating func removeAll() { count = 0 }

  /// The plain region at `position`, for the system call that fills it: head-room first.
  public func region(at position: Int) -> Range<Int> {
    position * regionBytes..<(position + 1) * regionBytes
  }

  /// Where the system call may write a packet of the plain region at `position`.
  public func receiveRange(at position: Int) -> Range<Int> {
    let region = region(at: position)
    return region.lowerBound + headroomBytes..<region.upperBound - Self.tailroomBytesMin
  }

  /// Adds a packet that the caller has placed in the arena; `false` when the batch is full.
  /// - Precondition: region and packet lie in the arena, the packet in its region.
  @discardableResult
  public mutating func append(
    region: Range<Int>, packet: Range<Int>, remote: SocketAddress, local: SocketAddress
  ) -> Bool {
    precondition(
      region.lowerBound >= 0 && region.upperBound <= arena.byteCount
        && packet.lowerBound >= region.lowerBound && packet.upperBound <= region.upperBound,
      "a packet outside its region, or a region outside the arena")
    guard !isFull else { return false }
    slots[count] = PacketSlot(
      region: region, packet: packet, remote: remote, local: local, verdict: .undecided)
    count += 1
    return true
  }

  /// Adds the packet of `packetBytes` bytes that a system call wrote to `receiveRange(at: count)`.
  /// - Precondition: it fits that range; the batch has plain regions only and is not full.
  public mutating func appendReceived(
    packetBytes: Int, remote: SocketAddress, local: SocketAddress
  ) {
    let start = receiveRange(at: count).lowerBound
    append(
      region: region(at: count), packet: start..<start + packetBytes, remote: remote, local: local)
  }

  /// Adds a copy of `bytes` in the next plain region; `false` when the batch is full or the packet
  /// does not fit.
  public mutating func append(
    _ bytes: [UInt8], remote: SocketAddress, local: SocketAddress
  ) -> Bool {
    guard !isFull else { return false }
    let range = receiveRange(at: count)
    guard bytes.count <= range.count else { return false }
    arena.store(bytes, at: range.lowerBound)
    appendReceived(packetBytes: bytes.count, remote: remote, local: local)
    return true
  }

  /// A copy of one packet, for control packets and tests.
  public func bytes(of index: Int) -> [UInt8] { arena.bytes(self[index].packet) }
}
