import Primitives
import Testing

@testable import PPP

/// Frames, options and negotiation: 51 to 53.
@Suite(.timeLimit(.minutes(5))) struct BadFrameTests {
  @Test func badInput51FramesOfZeroToThreeBytesAreDropped() {
    let bench = Bench.gatewayUp()
    let sent = bench.sent.count
    let frames: [[UInt8]] = [
      [], [0xc0], [0xff, 3], [0xc0, 0x21], [0xc0, 0x21, 1], [0xff], [0xff, 3, 0xc0],
    ]
    for frame in frames {
      bench.receive(frame)
    }
    #expect(bench.sent.count == sent + 1, "0xff alone is a compressed protocol that nobody knows")
    #expect(bench.link.snapshot.violations[.truncated] == 6)
    #expect(bench.events.downs.isEmpty)
  }

  @Test func badInput51AddressAndControlInFrontDoNoHarm() {
    let bench = Bench.gatewayUp()
    let echo = ControlPacket(.echoRequest, identifier: 4, data: [1, 2, 3, 4]).frame(.lcp)
    #expect(bench.receive([0xff, 0x03] + echo) == bench.receive(echo))
  }

  @Test func badInput51ACompressedProtocolIsUnderstood() {
    let bench = Bench.gatewayUp()
    let answer = bench.receive([0x57, 0x60, 0, 0, 0])
    let packet = Bench.packet(answer[0], of: .lcp)
    #expect(packet?.code == ControlCode.protocolReject.rawValue)
    #expect(packet?.data == [0x00, 0x57, 0x60, 0, 0, 0])
    #expect(bench.receive([0x21, 0x45]).isEmpty, "IPv4 belongs to the packet path")
  }

  @Test func badInput51AFloodOfUnknownProtocolsIsAnsweredAFewTimesASecond() {
    let bench = Bench.gatewayUp()
    let sent = bench.sent.count
    for number in 0..<1000 { bench.receive([0x40, UInt8(truncatingIfNeeded: number | 1)]) }
    #expect(bench.sent.count == sent + RejectBudget.countMax)
    bench.advance(by: .milliseconds(999))
    #expect(bench.receive([0x40, 1]).isEmpty)
    bench.advance(by: .milliseconds(1))
    #expect(bench.receive([0x40, 1]).count == 1)
  }

  @Test func badInput51AProtocolRejectFitsThePeersMRU() {
    let bench = Bench.started(.gateway.with { $0.authentication = [] })
    bench.openLCP(peerOptions: [1, 4, 2, 0x40])
    let answer = bench.receive([0x80, 0x57] + [UInt8](repeating: 0, count: 1400))
    #expect(answer.map(\.count) == [2 + 576])
    let tooLong = bench.receive([0x80, 0x57] + [UInt8](repeating: 0, count: 1501))
    #expect(tooLong.isEmpty)
    #expect(bench.link.snapshot.violations[.frameTooLong] == 1)
  }

  @Test(
    arguments: [[1, 0], [1, 1], [1, 3], [1, 255, 0, 0], [1], [5, 6, 1, 2, 3, 4, 9]] as [[UInt8]])
  func badInput52OptionLengthsThatLieDropThePacket(options: [UInt8]) {
    let bench = Bench.started(.gateway)
    #expect(bench.receive(.lcp, .configureRequest, 1, options).isEmpty)
    #expect(bench.link.snapshot.violations[.badOptionLength] == 1)
    #expect(bench.link.snapshot.lcpState == .reqSent)
  }

  @Test func badInput52AsManyOptionsAsAllowedAreReadAndNotOneMore() {
    let bench = Bench.started(.gateway)
    let many = [[UInt8]](repeating: [200, 2], count: ConfigureOption.countMax).flatMap(\.self)
    #expect(bench.receive(.lcp, .configureRequest, 1, many).count == 1)
    #expect(bench.receive(.lcp, .configureRequest, 2, many + [201, 2]).isEmpty)
    let flood = [[UInt8]](repeating: [200, 2], count: 300).flatMap(\.self)
    #expect(bench.receive(.lcp, .configureRequest, 3, flood).isEmpty)
    #expect(bench.link.snapshot.violations[.tooManyOptions] == 2)
  }

  @Test func badInput52ARejectNeverOutgrowsThePeersMRU() {
    let bench = Bench.gatewayInNetworkWithSmallMRU()
    let option = [UInt8(99), 255] + [UInt8](repeating: 7, count: 253)
    let answer = bench.receive(.ipcp, .configureRequest, 1, option + option + option)
    #expect(answer.map(\.count) == [2 + 4 + 255 + 255])
  }

  @Test(arguments: [0, 1, 575])
  func badInput52AnMRUThatIsTooSmallIsNakedWithTheLeast(mru: Int) {
    let bench = Bench.started(.gateway)
    let answer = bench.receive(
      .lcp, .configureRequest, 1, ConfigureOption.encode([ConfigureOption(1, UInt16(mru))]))
    let nak = ControlPacket(.configureNak, identifier: 1, data: [1, 4, 2, 0x40])
    #expect(answer == [nak.frame(.lcp)])
  }

  @Test func badInput52AnMRUOfAllOnesIsTakenAndCapped() {
    let bench = Bench.started(.gateway.with { $0.authentication = [] })
    bench.openLCP(peerOptions: [1, 4, 0xff, 0xff])
    #expect(bench.link.snapshot.lcp?.peerMRUBytes == 65_535)
  }

  @Test func badInput52AnEchoReplyIsCutToThePeersMRU() {
    let bench = Bench.gatewayInNetworkWithSmallMRU()
    let answer = bench.receive(
      .lcp, .echoRequest, 1, [1, 2, 3, 4] + [UInt8](repeating: 9, count: 1300))
    #expect(answer.map(\.count) == [2 + 576])
    #expect(bench.receive(.lcp, .echoRequest, 1, [1, 2, 3]).isEmpty, "no room for a magic number")
  }

  @Test func badInput52ALengthBeyondTheFrameReadsNothingBehindIt() {
    let bench = Bench.gatewayUp()
    #expect(bench.receive(hex("c021 09 01 ffff 01020304")).isEmpty)
    #expect(bench.receive(hex("c021 09 01 0003 01020304")).isEmpty)
    #expect(bench.link.snapshot.violations[.badLength] == 2)
    let padded = bench.receive(hex("c021 09 01 0008 01020304 eeeeeeee"))
    #expect(padded.map(\.count) == [10], "padding is not echoed")
  }
}

extension Bench {
  static func gatewayInNetworkWithSmallMRU() -> Bench {
    let bench = started(.gateway.with { $0.authentication = [] })
    bench.openLCP(peerOptions: [1, 4, 2, 0x40])
    bench.link.assignAddress(LinkPair.offer, at: bench.now, using: &bench.random)
    bench.drain()
    return bench
  }
}

@Suite(.timeLimit(.minutes(5))) struct BadNegotiationTests {
  @Test func badInput53EndlessNaksEndTheLink() {
    let bench = Bench.started(.gateway)
    var naks = 0
    while bench.events.downs.isEmpty, naks < 100 {
      naks += 1
      guard let request = bench.lastRequest(of: .lcp) else { break }
      bench.receive(.lcp, .configureNak, request.identifier, [1, 4, 2, 0x40])
      if naks > 20 { bench.advance(by: .seconds(6)) }
    }
    #expect(naks == 21)
    #expect(bench.events.downs == [.negotiationFailed])
  }

  @Test func badInput53OurNaksBecomeRejectsAfterMaxFailure() {
    let bench = Bench.started(.gateway)
    let codes = (0..<7).map { identifier in
      bench.receive(.lcp, .configureRequest, UInt8(identifier), [1, 4, 0, 1])[0][2]
    }
    #expect(codes == [3, 3, 3, 3, 3, 4, 4])
  }

  @Test func badInput53AnAddressThatIsNeverTakenEndsTheLink() {
    let bench = Bench.gatewayInNetwork()
    for identifier in 0..<6 as Range<UInt8> {
      bench.receive(.ipcp, .configureRequest, identifier, [3, 6, 1, 1, 1, 1])
    }
    bench.receive(.ipcp, .configureRequest, 9)
    bench.advance(by: .seconds(6))
    #expect(bench.events.downs == [.negotiationFailed] && bench.events.ups.isEmpty)
  }

  @Test func badInput53AnAckWithAWrongIdentifierOrAlteredOptionsIsDropped() throws {
    let bench = Bench.started(.gateway)
    let request = try #require(bench.lastRequest(of: .lcp))
    bench.receive(.lcp, .configureAck, request.identifier &+ 1, request.data)
    bench.receive(.lcp, .configureAck, request.identifier, request.data.dropLast(4) + [0, 0, 0, 0])
    bench.receive(.lcp, .configureAck, request.identifier, [])
    bench.receive(.lcp, .configureReject, request.identifier, [99, 2])
    #expect(bench.link.snapshot.lcpState == .reqSent)
    let violations = bench.link.snapshot.violations
    #expect(violations[.unexpectedIdentifier] == 1 && violations[.alteredAck] == 2)
    #expect(violations[.foreignReject] == 1)
    bench.acknowledgeRequest(of: .lcp)
    #expect(bench.link.snapshot.lcpState == .ackRcvd)
    bench.acknowledgeRequest(of: .lcp)
    #expect(bench.link.snapshot.lcpState == .ackRcvd, "a copy counts once")
  }

  @Test func badInput53ATerminateRequestIsAnsweredInEveryState() {
    let states: [() -> Bench] = [
      { Bench.started(.gateway) }, { Bench.gatewayInAuthenticate() },
      { Bench.gatewayInNetwork() }, { Bench.gatewayUp() },
      {
        let bench = Bench.gatewayUp()
        bench.link.close(.requested, at: bench.now)
        return bench
      },
    ]
    for make in states {
      let bench = make()
      bench.drain()
      for identifier in 5...7 as ClosedRange<UInt8> {
        let answer = bench.receive(.lcp, .terminateRequest, identifier)
        #expect(answer == [ControlPacket(.terminateAck, identifier: identifier).frame(.lcp)])
      }
      #expect(bench.events.downs.count <= 1)
    }
  }

  @Test func badInput53ACodeRejectOfAMandatoryCodeEndsTheLink() {
    for code in 1...7 as ClosedRange<UInt8> {
      let bench = Bench.gatewayUp()
      bench.receive(.lcp, .codeReject, 1, [code, 1, 0, 4])
      bench.advance(by: .seconds(6))
      #expect(bench.events.downs == [.negotiationFailed])
    }
    let bench = Bench.gatewayUp()
    bench.receive(.lcp, .codeReject, 1, [9, 1, 0, 4])
    bench.receive(.lcp, .codeReject, 1, [])
    #expect(bench.link.snapshot.lcpState == .opened)
  }

  @Test func badInput53AProtocolRejectOfLCPOrIPCPEndsTheLink() {
    for number in [PPPProtocol.lcp, .ipcp] {
      let bench = Bench.gatewayUp()
      bench.receive(
        .lcp, .protocolReject, 1, [UInt8(number.rawValue >> 8), UInt8(number.rawValue & 0xff)])
      bench.advance(by: .seconds(15))
      #expect(bench.events.downs.count == 1)
    }
    let bench = Bench.gatewayUp()
    bench.receive(.lcp, .protocolReject, 1, [0x80, 0x57])
    bench.receive(.lcp, .protocolReject, 1, [0x80])
    #expect(bench.link.snapshot.lcpState == .opened)
  }

  @Test func badInput53ALoopedLinkIsNoticed() {
    let bench = Bench.started(.gateway)
    var next = 0
    while next < bench.sent.count, next < 200, bench.events.downs.isEmpty {
      bench.receive(bench.sent[next])
      next += 1
    }
    bench.advance(by: .seconds(6))
    #expect(bench.events.downs == [.negotiationFailed] && next < 40)
  }

  @Test func badInput53LoopedEchoesAreNotAnswered() {
    let bench = Bench.gatewayUp()
    let magic = ConfigureOption(5, bench.link.snapshot.magicNumber).value
    for _ in 0..<5 { #expect(bench.receive(.lcp, .echoRequest, 1, magic).isEmpty) }
    #expect(bench.events.downs.isEmpty)
    bench.receive(.lcp, .echoReply, 1, magic)
    bench.advance(by: .seconds(6))
    #expect(bench.events.downs == [.negotiationFailed])
  }

  @Test func badInput53UnknownCodesAreRejectedWithinTheBudget() {
    let bench = Bench.gatewayUp()
    let sent = bench.sent.count
    for code in 14...255 as ClosedRange<UInt8> {
      bench.receive(ControlPacket(code: code, identifier: 1).frame(.lcp))
      bench.receive(ControlPacket(code: code, identifier: 1).frame(.ipcp))
    }
    #expect(bench.sent.count == sent + RejectBudget.countMax)
    #expect(bench.link.snapshot.ipcpState == .opened)
  }

  @Test func badInput53APeerThatNegotiatesWithoutEndIsClosed() {
    let bench = Bench.gatewayUp()
    for round in 2...20 as ClosedRange<UInt8> where bench.events.downs.isEmpty {
      bench.receive(.ipcp, .configureRequest, round, [3, 6, 10, 0, 0, 77])
      bench.acknowledgeRequest(of: .ipcp)
    }
    bench.advance(by: .seconds(6))
    #expect(bench.events.ups.count == PPPLink.renegotiationsMax)
    #expect(bench.events.downs == [.negotiationFailed])
  }
}
