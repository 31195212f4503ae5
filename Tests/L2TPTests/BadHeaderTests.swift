import Primitives
import Testing

@testable import L2TP

@Suite(.timeLimit(.minutes(5))) struct BadHeaderTests {
  private let good = Sample.message(.hello, tunnelID: Bench.localID, ns: 2, nr: 1)

  /// Gives `bytes` to an established tunnel and expects them to leave no trace.
  private func expectDropped(
    _ bytes: [UInt8], as violation: Violation, _ location: SourceLocation = #_sourceLocation
  ) {
    var bench = Bench.at(.established)
    bench.acknowledge()
    bench.sent = []
    let before = bench.tunnel.snapshot
    let found = bench.receive(bytes)
    #expect(found == violation, sourceLocation: location)
    #expect(bench.tunnel.snapshot == before, sourceLocation: location)
    #expect(bench.sent.isEmpty && bench.events.isEmpty, sourceLocation: location)
  }

  private func good(flags: UInt16? = nil, length: UInt16? = nil) -> [UInt8] {
    var writer = ByteWriter()
    writer.write(good)
    if let flags { writer.overwrite(flags, at: 0) }
    if let length { writer.overwrite(length, at: 2) }
    return writer.bytes
  }

  @Test func badInput38ShortHeaders() {
    for count in 0..<ControlHeader.byteCount {
      let bytes = Array(good.prefix(count))
      expectDropped(bytes, as: .headerTruncated)
    }
  }

  @Test func badInput38ControlBitWithoutLengthOrSequence() {
    expectDropped(good(flags: 0x8802), as: .headerFlags)
    expectDropped(good(flags: 0xc002), as: .headerFlags)
    expectDropped(good(flags: 0x8002), as: .headerFlags)
  }

  @Test func badInput38Versions() {
    for version in [0, 1, 3, 15] as [UInt16] {
      expectDropped(good(flags: 0xc800 | version), as: .headerVersion)
    }
  }

  @Test func badInput38LengthBelowHeaderOrBeyondDatagram() {
    for length in [0, 1, 11, UInt16(good.count) + 1, 0xffff] {
      expectDropped(good(length: length), as: .headerLength)
    }
  }

  @Test func badInput38OffsetAndPriorityBits() {
    expectDropped(good(flags: 0xca02), as: .headerFlags)
    expectDropped(good(flags: 0xc902), as: .headerFlags)
  }

  @Test func badInput38DataMessageIsNotOurs() {
    expectDropped(good(flags: 0x4802), as: .dataMessage)
  }

  @Test func badInput38ReservedBitsAreIgnored() {
    var bench = Bench.at(.established)
    let violation = bench.receive(good(flags: 0xfcf2))
    #expect(violation == nil)
    #expect(bench.tunnel.snapshot.nr == 3)
  }

  @Test func badInput38ZLBWithASessionIDAcknowledgesLikeAnyOther() {
    // xl2tpd sends such.
    var bench = Bench.at(.established)
    let violation = bench.receive(
      Sample.raw(tunnelID: Bench.localID, sessionID: 588, ns: 2, nr: 1, []))
    #expect(violation == nil)
    #expect(bench.tunnel.snapshot.outgoing == 0)
  }

  @Test func badInput46MessageForAnotherTunnelIsDropped() {
    for type in MessageType.allCases {
      let bytes = Sample.message(type, tunnelID: 0x0999, ns: 2, nr: 1)
      expectDropped(bytes, as: .tunnelID)
    }
  }

  @Test func messageAtTheSizeLimitIsTakenAndOneByteMoreIsNot() {
    func hello(_ byteCount: Int) -> [UInt8] {
      var avps = [AVP(.messageType, MessageType.hello.rawValue)]
      var rest = byteCount - ControlHeader.byteCount - 8
      while rest > 0 {
        var take = min(rest, 1023)
        if rest - take > 0, rest - take < AVP.headerBytes { take -= AVP.headerBytes }
        avps.append(
          Sample.avp(
            attribute: 8, Array(repeating: 65, count: take - AVP.headerBytes), isMandatory: false))
        rest -= take
      }
      return Sample.raw(tunnelID: Bench.localID, ns: 2, nr: 1, avps)
    }
    var bench = Bench.at(.established)
    let atLimit = hello(ControlMessage.byteCountMax)
    #expect(atLimit.count == ControlMessage.byteCountMax)
    let violation = bench.receive(atLimit)
    #expect(violation == nil)
    expectDropped(hello(ControlMessage.byteCountMax + 1), as: .messageTooLong)
  }

  @Test func avpsAtTheLimitAreTakenAndOneMoreIsNot() {
    func hello(_ count: Int) -> [UInt8] {
      let filler = Sample.avp(attribute: 999, isMandatory: false)
      let avps =
        [AVP(.messageType, MessageType.hello.rawValue)]
        + Array(repeating: filler, count: count - 1)
      return Sample.raw(tunnelID: Bench.localID, ns: 2, nr: 1, avps)
    }
    var bench = Bench.at(.established)
    let violation = bench.receive(hello(ControlMessage.avpsMax))
    #expect(violation == nil)
    expectDropped(hello(ControlMessage.avpsMax + 1), as: .avpCount)
  }

  @Test func badInput39AVPLengthZeroDoesNotLoop() {
    for lengthBytes in 0...5 as ClosedRange<UInt8> {
      var bytes = good
      bytes[13] = lengthBytes
      expectDropped(bytes, as: .avpLength)
    }
  }

  @Test func badInput39AVPLengthBeyondTheMessage() {
    for lengthBytes in [9, 255] as [UInt8] {
      var bytes = good
      bytes[13] = lengthBytes
      expectDropped(bytes, as: .avpLength)
    }
    var bytes = good
    bytes[12] |= 0x03
    expectDropped(bytes, as: .avpLength)
  }

  @Test func badInput39TailTooShortForAnAVP() {
    for tail in 1...5 {
      var writer = ByteWriter()
      writer.write(good + Array(repeating: 0, count: tail))
      writer.overwrite(UInt16(good.count + tail), at: 2)
      expectDropped(writer.bytes, as: .avpLength)
    }
  }

  @Test func badInput43MessageTypeAbsentNotFirstOrTwice() {
    let type = AVP(.messageType, MessageType.hello.rawValue)
    let other = AVP(.vendorName, [65])
    func message(_ avps: [AVP]) -> [UInt8] {
      Sample.raw(tunnelID: Bench.localID, ns: 2, nr: 1, avps)
    }
    expectDropped(message([other]), as: .messageTypeMissing)
    expectDropped(message([other, type]), as: .messageTypeMissing)
    expectDropped(message([type, type]), as: .messageTypeRepeated)
    for value in [[], [6], [0, 6, 0]] as [[UInt8]] {
      expectDropped(message([Sample.avp(attribute: 0, value)]), as: .messageTypeMissing)
    }
  }

  @Test func badInput41HiddenMessageTypeIsNoMessageType() {
    let bytes = Sample.raw(
      tunnelID: Bench.localID, ns: 2, nr: 1,
      [Sample.avp(attribute: 0, [0, 6], isHidden: true)])
    expectDropped(bytes, as: .messageTypeMissing)
  }

  @Test func badInput45NrForWhatWasNeverSent() {
    let bytes = Sample.message(.hello, tunnelID: Bench.localID, ns: 2, nr: 2)
    expectDropped(bytes, as: .acknowledgesUnsent)
    expectDropped(Sample.zlb(tunnelID: Bench.localID, ns: 2, nr: 0x7fff), as: .acknowledgesUnsent)
  }

  @Test func badInput45NsBeyondTheWindow() {
    for ahead in [4, 5, 0x7fff] as [UInt16] {
      let bytes = Sample.message(.hello, tunnelID: Bench.localID, ns: 2 &+ ahead, nr: 1)
      expectDropped(bytes, as: .outsideWindow)
    }
  }

  @Test func badInput45OldNsIsAcknowledgedAgainAndNotProcessed() {
    for past in [1, 2, 100, 0x7fff, 0x8000] as [UInt16] {
      var bench = Bench.at(.established)
      bench.acknowledge()
      bench.sent = []
      let violation = bench.receive(
        Sample.message(.stopCCN, tunnelID: Bench.localID, ns: 2 &- past, nr: 1))
      #expect(violation == nil)
      #expect(bench.sentTypes == [nil])
      #expect(bench.tunnel.phase == .established)
    }
  }

  @Test func badInput45TenThousandMessagesBehindAGapStayBounded() {
    var bench = Bench.at(.established)
    bench.acknowledge()
    var held = 0
    for index in 0..<10_000 {
      // The message 2 never comes.
      let ns = UInt16(truncatingIfNeeded: 3 + index % 32_000)
      if bench.receive(Sample.message(.hello, tunnelID: Bench.localID, ns: ns, nr: 1)) == nil {
        held += 1
      }
    }
    #expect(held == 3)
    #expect(bench.tunnel.snapshot.nr == 2)
    bench.ns = 2
    bench.send(.hello)
    #expect(bench.tunnel.snapshot.nr == 6)
  }
}
