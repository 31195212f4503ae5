import Primitives
import Testing

@testable import PPP

@Suite(.timeLimit(.minutes(5))) struct TimerTests {
  /// When the frames of a silent link leave, in seconds.
  private func transmissionTimes(_ bench: Bench, for span: Int64) -> [Int64] {
    var times: [Int64] = []
    let end = bench.now + .seconds(span)
    while let due = bench.link.nextTimeout, due <= end {
      bench.now = due
      let before = bench.sent.count
      bench.link.handleTimeout(at: due, using: &bench.random)
      bench.drain()
      if bench.sent.count > before { times.append((due - .zero).wholeSeconds) }
    }
    return times
  }

  @Test func tenConfigureRequestsLeaveThreeSecondsApartAndThenItIsOver() {
    let bench = Bench.started(.gateway)
    let first = bench.sent
    let times = transmissionTimes(bench, for: 100)
    #expect(times == [3, 6, 9, 12, 15, 18, 21, 24, 27])
    #expect(bench.sent == Array(repeating: first[0], count: 10), "same identifier, same bytes")
    #expect(bench.now == Instant.zero + .seconds(30))
    #expect(bench.events == [.down(.retriesExhausted, detail: "peer does not answer LCP")])
  }

  @Test func aTimerThatFiresEarlyOrLateDoesNoHarm() {
    let bench = Bench.started(.gateway)
    bench.link.handleTimeout(at: Instant.zero + .milliseconds(2999), using: &bench.random)
    bench.drain()
    #expect(bench.sent.count == 1)
    bench.link.handleTimeout(at: Instant.zero + .seconds(50), using: &bench.random)
    bench.drain()
    #expect(bench.sent.count == 2)
    #expect(bench.link.nextTimeout == Instant.zero + .seconds(53))
  }

  @Test func aPeerThatWasNotReadyGetsOurRequestAgainWithItsFirst() {
    let bench = Bench.started(.gateway)
    let request = bench.sent
    #expect(bench.advance(by: .milliseconds(55)).isEmpty)
    let answers = bench.receive(.lcp, .configureRequest, 1, [5, 6, 1, 2, 3, 4])
    #expect(answers.map { $0[2] } == [1, 2] && answers.first == request.first)
    #expect(bench.link.nextTimeout == Instant.zero + .milliseconds(3055))
    let second = bench.receive(.lcp, .configureRequest, 2, [5, 6, 1, 2, 3, 4])
    #expect(second.map { $0[2] } == [2], "once only")
    let crossed = Bench.started(.gateway)
    crossed.advance(by: .milliseconds(20))
    #expect(crossed.receive(.lcp, .configureRequest, 1).count == 1, "the requests crossed")
  }

  @Test func twoTerminateRequestsLeaveBeforeTheLinkIsTakenToBeDown() {
    let bench = Bench.gatewayUp()
    let before = bench.sent.count
    bench.link.close(.administrator, at: bench.now)
    bench.drain()
    let times = transmissionTimes(bench, for: 100)
    #expect(bench.sent.count == before + 2 && times == [3])
    #expect(bench.now == Instant.zero + .seconds(6))
    #expect(bench.events.suffix(2).first == .networkDown)
    #expect(bench.events.downs == [.administrator])
  }

  @Test func aChallengeIsRepeatedUnchangedAndThenGivenUp() {
    let bench = Bench.gatewayInAuthenticate()
    let challenge = bench.sent.last
    let repeated = bench.advance(by: .seconds(27))
    #expect(repeated == Array(repeating: challenge, count: 9))
    bench.advance(by: .seconds(20))
    #expect(bench.events.downs == [.retriesExhausted])
  }

  @Test func aLinkThatIsNotUpInTimeCloses() {
    let bench = Bench.gatewayInAuthenticate(.pap)
    bench.receive(
      PAPPacket.authenticateRequest(identifier: 1, peerID: [], password: Secret([])).frame)
    bench.advance(by: .seconds(89))
    #expect(bench.events.downs.isEmpty, "the user store has not answered yet")
    bench.advance(by: .seconds(7))
    #expect(bench.events.downs == [.negotiationFailed])
  }
}

@Suite(.timeLimit(.minutes(5))) struct EchoTests {
  @Test func silenceCostsEchoRequestsAndThenTheLink() {
    let bench = Bench.gatewayUp { $0.echoFailuresMax = 2 }
    #expect(bench.advance(by: .seconds(29)).isEmpty)
    let requests = bench.advance(by: .seconds(31))
    #expect(requests.map { $0[2] } == [9, 9])
    #expect(bench.link.snapshot.echoesUnanswered == 2)
    bench.advance(by: .seconds(36))
    #expect(bench.events.downs == [.deadPeer])
  }

  @Test func anEchoReplyOrAnyFrameIsLife() {
    let bench = Bench.gatewayUp()
    for _ in 0..<20 {
      let frames = bench.advance(by: .seconds(30))
      for frame in frames { bench.receive(.lcp, .echoReply, frame[3], [1, 2, 3, 4]) }
    }
    #expect(bench.events.downs.isEmpty)
  }

  @Test func dataAloneKeepsAPeerAliveThatIgnoresEchoes() {
    let bench = Bench.gatewayUp()
    let before = bench.sent.count
    for _ in 0..<50 {
      bench.advance(by: .seconds(20))
      bench.link.noteDataReceived(at: bench.now)
    }
    #expect(bench.sent.count == before, "no echo is sent to a peer that talks")
    #expect(bench.link.nextTimeout == bench.now + .seconds(10))
  }

  @Test func theDeadlineCountsFromTheLastFrameExactly() {
    let bench = Bench.gatewayUp()
    bench.advance(by: .seconds(12))
    bench.link.noteDataReceived(at: bench.now)
    #expect(bench.advance(by: .milliseconds(29_999)).isEmpty)
    #expect(bench.advance(by: .milliseconds(1)).count == 1)
  }

  @Test func noIntervalSendsNoEcho() {
    let bench = Bench.gatewayUp { $0.echoInterval = .zero }
    bench.advance(by: .seconds(86_400))
    #expect(bench.link.nextTimeout == nil && bench.events.downs.isEmpty)
  }

  @Test func anEchoRequestIsAnsweredWithOurMagicAndItsData() {
    let bench = Bench.gatewayUp()
    let magic = ConfigureOption(5, bench.link.snapshot.magicNumber).value
    let reply = bench.receive(.lcp, .echoRequest, 9, [1, 2, 3, 4] + [0xaa, 0xbb])
    #expect(
      reply == [ControlPacket(.echoReply, identifier: 9, data: magic + [0xaa, 0xbb]).frame(.lcp)])
  }
}
