import IPPacket
import Primitives
import Testing

@Suite(.timeLimit(.minutes(5))) struct PacketBatchTests {
  private static let peer = SocketAddress(.v4(IPv4Address(1, 2, 3, 4)), port: 5)
  private static let ours = SocketAddress(.v4(IPv4Address(5, 6, 7, 8)), port: 9)

  @Test func packetsKeepTheirBytesAndAddresses() {
    var batch = PacketBatch(countMax: 3, regionBytes: 256)
    for number in 0..<3 {
      let added = batch.append(
        Array(repeating: UInt8(number), count: number * 10), remote: Self.peer, local: Self.ours)
      #expect(added)
    }
    let refused = batch.append([1], remote: Self.peer, local: Self.ours)
    #expect(!refused)
    let bytes = (0..<3).map { batch.bytes(of: $0) }
    #expect(bytes == [[], Array(repeating: 1, count: 10), Array(repeating: 2, count: 20)])
    let slot = batch[1]
    #expect(slot.remote == Self.peer)
    #expect(slot.local == Self.ours)
    #expect(slot.verdict == .undecided)
    batch.removeAll()
    let count = batch.count
    #expect(count == 0)
  }

  @Test func aPacketLeavesHeadAndTailRoomFreeAndNotOneByteMore() {
    var batch = PacketBatch(countMax: 2, regionBytes: 256)
    let room = batch.receiveRange(at: 1)
    #expect(room == 256 + 64..<512 - 49)
    let fits = batch.append(
      Array(repeating: 1, count: room.count), remote: Self.peer, local: Self.ours)
    #expect(fits)
    let tooLong = batch.append(
      Array(repeating: 1, count: room.count + 1), remote: Self.peer, local: Self.ours)
    #expect(!tooLong)
  }

  @Test func segmentsOfOneBufferAreSlotsOfTheirOwn() {
    var batch = PacketBatch(countMax: 8, regionBytes: 256)
    batch.arena.store((0..<90).map { UInt8($0) }, at: 100)
    for start in stride(from: 100, to: 190, by: 30) {
      let added = batch.append(
        region: start..<start + 30, packet: start..<start + 30, remote: Self.peer,
        local: Self.ours)
      #expect(added)
    }
    batch[1].setPacket(132..<140)
    let middle = batch.bytes(of: 1)
    #expect(middle == (32..<40).map { UInt8($0) })
    batch.arena.move(132..<140, to: 134)
    #expect(batch.arena.bytes(134..<142) == middle)
  }
}
