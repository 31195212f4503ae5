import Cryptography
import ESP
import IPPacket
import Primitives
import Testing

@Suite(.timeLimit(.minutes(5))) struct SATests {
  static let gcm = ESPTransform.aesGCM128
  static var cbc: ESPTransform {
    guard let transform = ESPTransform(.aesCBC128, .hmacSHA1) else {
      preconditionFailure("a cipher with an integrity algorithm is a transform")
    }
    return transform
  }

  @Test func thereAreTwentyTwoTransforms() {
    #expect(ESPTransform.all.count == 4 * 5 + 2)
    #expect(ESPTransform(.aesCBC128, .none) == nil)
    #expect(ESPTransform(.aesGCM256, .hmacSHA1) == nil)
  }

  @Test(arguments: ESPTransform.all)
  func openingUndoesSealingForEveryLength(transform: ESPTransform) throws {
    var pair = try SAPair(transform)
    for length in Array(0...70) + [1_399, 1_400, 1_401] {
      let payload = (0..<length).map { UInt8(truncatingIfNeeded: $0 &* 7) }
      let sealed = try pair.seal(payload).packet
      #expect(
        (sealed.count - 8 - transform.ivBytes - transform.icvBytes) % transform.blockBytes == 0)
      let opened = try pair.open(sealed)
      #expect(opened.payload == payload)
      #expect(opened.nextHeader == ESPHeader.udp)
      #expect(opened.isNewest)
    }
    #expect(pair.inbound.usage.packets == 74)
    #expect(pair.outbound.usage.bytes == pair.inbound.usage.bytes)
  }

  @Test func equalPayloadsNeverLookEqual() throws {
    for transform in [Self.cbc, Self.gcm] {
      var pair = try SAPair(transform)
      let one = try pair.seal(Array(repeating: 1, count: 64)).packet
      let two = try pair.seal(Array(repeating: 1, count: 64)).packet
      #expect(one[8..<24] != two[8..<24])
      #expect(one[24...] != two[24...])
    }
  }

  @Test func badInput33PacketsTooShortForAnythingAreRefused() throws {
    for transform in ESPTransform.all {
      var pair = try SAPair(transform)
      let shortest = 8 + transform.ivBytes + transform.blockBytes + transform.icvBytes
      for length in 8..<shortest {
        let packet = Array(repeating: UInt8(1), count: length)
        #expect(throws: ESPRejection.badLength) { _ = try pair.open(packet) }
      }
      #expect(throws: ESPRejection.badLength) {
        _ = try pair.open(Array(repeating: 1, count: shortest + 1))
      }
      let empty = try pair.seal([]).packet
      let opened = try pair.open(empty)
      #expect(opened.payload == [])
    }
  }

  @Test func badInput34ReplayedWrongAndZeroAreRefused() throws {
    for transform in [Self.cbc, Self.gcm] {
      var pair = try SAPair(transform)
      let first = try pair.seal([1, 2, 3]).packet
      _ = try pair.open(first)
      #expect(throws: ESPRejection.replayed) { _ = try pair.open(first) }
      let second = try pair.seal([4, 5, 6]).packet
      for position in second.indices where position >= 4 {
        var bent = second
        bent[position] ^= 0x40
        #expect(throws: ESPRejection.self) { _ = try pair.open(bent) }
      }
      // The forgeries above moved nothing.
      let opened = try pair.open(second)
      #expect(opened.payload == [4, 5, 6])
      let zero = pair.sealRaw(Array(repeating: 0, count: 16), sequence: 0)
      #expect(throws: ESPRejection.sequenceZero) { _ = try pair.open(zero) }
    }
  }

  @Test func badInput34SequenceNumbersEndAndNeverWrap() throws {
    var pair = try SAPair(
      Self.gcm,
      lifetime: ESPLifetime(
        softBytes: .max, hardBytes: .max, softSequence: 2, hardSequence: 3))
    #expect(try pair.seal([1]).limit == nil)
    #expect(try pair.seal([1]).limit == .soft)
    #expect(try pair.seal([1]).limit == .hard)
    #expect(throws: ESPRejection.expired) { _ = try pair.seal([1]) }
    #expect(pair.outbound.sequence == 3)
    // Inbound: the last number of all is accepted, reported, and nothing after it.
    let last = pair.sealRaw([1, 2, 2, 17], sequence: .max)
    let opened = try pair.open(last)
    #expect(opened.limit == .hard)
    let earlier = pair.sealRaw([1, 2, 2, 17], sequence: .max - 1)
    #expect(throws: ESPRejection.expired) { _ = try pair.open(earlier) }
  }

  @Test func lifetimesInBytesAreReportedOnceEach() throws {
    let lifetime = ESPLifetime(softBytes: 300, hardBytes: 500)
    var pair = try SAPair(Self.gcm, lifetime: lifetime, inboundLifetime: lifetime)
    var sent: [LifetimeLimit?] = []
    var received: [LifetimeLimit?] = []
    for _ in 0..<5 {
      let sealed = try pair.seal(Array(repeating: 0, count: 66))
      #expect(sealed.packet.count == 100)
      sent.append(sealed.limit)
      received.append(try pair.open(sealed.packet).limit)
    }
    #expect(sent == [nil, nil, .soft, nil, .hard])
    #expect(received == sent)
    #expect(throws: ESPRejection.expired) { _ = try pair.seal([]) }
  }

  @Test func badInput35PaddingIsChecked() throws {
    for transform in [Self.cbc, Self.gcm] {
      var pair = try SAPair(transform)
      let good: [UInt8] = [9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 1, 2, 3, 4, 4, 17]
      #expect(try pair.open(pair.sealRaw(good, sequence: 1)).payload.count == 10)
      var wrong = good
      wrong[11] = 0
      #expect(throws: ESPRejection.badPadding) {
        _ = try pair.open(pair.sealRaw(wrong, sequence: 2))
      }
      var long = good
      long[14] = 15
      #expect(throws: ESPRejection.badPadding) {
        _ = try pair.open(pair.sealRaw(long, sequence: 3))
      }
      // It goes on into the packet's vector, byte for byte as padding has to be.
      let vector = [UInt8](repeating: 0, count: transform.ivBytes - 1) + [1]
      let outside: [UInt8] = (2...15).map { $0 } + [15, 17]
      #expect(throws: ESPRejection.badPadding) {
        _ = try pair.open(pair.sealRaw(outside, sequence: 5, iv: vector))
      }
      let only: [UInt8] = (1...14).map { $0 } + [14, 59]
      let opened = try pair.open(pair.sealRaw(only, sequence: 4))
      #expect(opened.payload == [])
      #expect(opened.nextHeader == ESPHeader.noNextHeader)
    }
  }

  @Test func aPayloadWithoutRoomIsRefusedAndUsesNoNumber() throws {
    var pair = try SAPair(Self.cbc)
    let tail = pair.outbound.trailerBytes(payloadBytes: 100)
    for (region, fits) in [
      (76..<200 + tail, true), (77..<200 + tail, false), (76..<199 + tail, false),
    ] {
      let before = pair.outbound.sequence
      pair.engine.removeAll()
      let result = pair.outbound.frame(
        100..<200, nextHeader: 17, region: region, in: &pair.arena, for: &pair.engine)
      #expect(((try? result.get()) != nil) == fits)
      #expect(pair.outbound.sequence == before + (fits ? 1 : 0))
    }
  }

  @Test func keysOfTheWrongLengthMakeNoCipher() throws {
    let engine = try makeEngine(.openSSL, countMax: 1)
    for transform in ESPTransform.all {
      var random = SeededRandom(seed: 1)
      let long = Secret(random.bytes(transform.encryptionKeyBytes + 1))
      let right = Secret(random.bytes(transform.integrityKeyBytes))
      #expect(throws: ESPCipherError.wrongKeyLength) {
        _ = try engine.makeCipher(
          transform, .open, keys: ESPKeys(encryption: long, integrity: right))
      }
    }
  }

  /// The window refuses a packet seen before, whatever its check value: a replay costs no
  /// cryptography.
  @Test func badInput34AReplayIsRefusedBeforeItIsDecrypted() throws {
    var pair = try SAPair(Self.gcm)
    var packet = try pair.seal([1, 2, 3]).packet
    _ = try pair.open(packet)
    packet[packet.count - 1] ^= 1
    #expect(throws: ESPRejection.replayed) { _ = try pair.open(packet) }
  }

  /// Twice in one batch, both passed the window before either was opened: one is taken.
  @Test func badInput34ACopyInTheSameBatchIsRefused() throws {
    for transform in [Self.cbc, Self.gcm] {
      var pair = try SAPair(transform)
      let packet = try pair.seal([1, 2, 3]).packet
      let verdicts = try batch([packet, packet], &pair)
      #expect(verdicts == [nil, .replayed])
    }
  }

  /// The limit is reached in the middle of a batch: nothing after it is taken.
  @Test func nothingPassesBehindAHardLimitInTheSameBatch() throws {
    var pair = try SAPair(
      Self.gcm, inboundLifetime: ESPLifetime(softBytes: 1, hardBytes: 2))
    let packets = [try pair.seal([1]).packet, try pair.seal([2]).packet]
    let verdicts = try batch(packets, &pair)
    #expect(verdicts == [nil, .expired])
  }

  /// What becomes of packets that are submitted together.
  private func batch(_ packets: [[UInt8]], _ pair: inout SAPair) throws -> [ESPRejection?] {
    pair.engine.removeAll()
    var ranges: [Range<Int>] = []
    for (index, packet) in packets.enumerated() {
      let range = 512 * (index + 1)..<512 * (index + 1) + packet.count
      pair.arena.store(packet, at: range.lowerBound)
      let refusal = pair.inbound.submit(range, in: pair.arena, to: &pair.engine)
      #expect(refusal == nil)
      ranges.append(range)
    }
    pair.arena.withSpan { pair.engine.open(in: &$0) }
    return ranges.enumerated().map { index, range in
      guard pair.engine.succeeded(index) else { return .badICV }
      switch pair.inbound.accept(range, in: pair.arena) {
      case .success: return nil
      case .failure(let rejection): return rejection
      }
    }
  }
}
