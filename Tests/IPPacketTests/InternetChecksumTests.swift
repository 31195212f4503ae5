import IPPacket
import Primitives
import Testing

/// An arena that holds `bytes` at `offset`.
func arena(_ bytes: [UInt8], at offset: Int = 0) -> PacketArena {
  var arena = PacketArena(byteCount: offset + bytes.count + 64)
  arena.store(bytes, at: offset)
  return arena
}

@Suite(.timeLimit(.minutes(5))) struct InternetChecksumTests {
  /// RFC 1071 §3.
  @Test func theExampleOfRFC1071() {
    let bytes: [UInt8] = [0x00, 0x01, 0xF2, 0x03, 0xF4, 0xF5, 0xF6, 0xF7]
    let sum = InternetChecksum.sum(arena(bytes), 0..<8)
    #expect(InternetChecksum.fold(sum) == 0xDDF2)
    #expect(InternetChecksum.checksum(sum) == ~0xDDF2)
  }

  @Test func anyLengthSumsAsTheWordsDo() {
    var random = SeededRandom(seed: 4)
    for length in 0...70 {
      let bytes = random.bytes(length)
      var naive = 0
      for index in stride(from: 0, to: length, by: 2) {
        naive += Int(bytes[index]) << 8 + (index + 1 < length ? Int(bytes[index + 1]) : 0)
      }
      while naive > 0xFFFF { naive = naive >> 16 + naive & 0xFFFF }
      let sum = InternetChecksum.sum(arena(bytes, at: 3), 3..<3 + length)
      #expect(Int(InternetChecksum.fold(sum)) == naive)
    }
  }

  /// RFC 1624 §4: the case that the older formula gets wrong.
  @Test func theExampleOfRFC1624() {
    #expect(InternetChecksum.update(0xDD2F, replacing: 0x5555, by: 0x3285) == 0x0000)
  }

  @Test func updatingEqualsSummingAnew() {
    var random = SeededRandom(seed: 5)
    for _ in 0..<2_000 {
      var packet = arena(random.bytes(20))
      let before = packet.uint16(at: 6)
      let checksum = InternetChecksum.checksum(InternetChecksum.sum(packet, 0..<20))
      let after = UInt16(truncatingIfNeeded: random.next())
      packet.store(after, at: 6)
      let updated = InternetChecksum.update(checksum, replacing: before, by: after)
      let sum = InternetChecksum.sum(packet, 0..<20, initial: UInt64(updated))
      #expect(InternetChecksum.fold(sum) == 0xFFFF)
    }
  }
}
