import Primitives
import Testing

@testable import PPP

@Suite(.timeLimit(.minutes(5))) struct FuzzTests {
  /// Frames of a good conversation: what mutations start from.
  private static func corpus() -> [[UInt8]] {
    [[AuthenticationProtocol.msCHAPv2], [.chapMD5], [.pap]].flatMap { list in
      var pair = LinkPair(
        gateway: .gateway.with { $0.authentication = list },
        client: .client.with { $0.authentication = list })
      pair.start()
      pair.run(for: .seconds(40))
      pair.client.close(.requested, at: pair.now)
      pair.drain()
      pair.run(for: .seconds(1))
      return pair.trace.map(\.frame)
    }
  }

  private static func mutate(_ frame: [UInt8], using random: inout SeededRandom) -> [UInt8] {
    var frame = frame
    for _ in 0..<Int.random(in: 0...4, using: &random) where !frame.isEmpty {
      let index = Int.random(in: 0..<frame.count, using: &random)
      switch Int.random(in: 0..<5, using: &random) {
      case 0: frame[index] = UInt8.random(in: 0...255, using: &random)
      case 1: frame[index] ^= 1 << UInt8.random(in: 0..<8, using: &random)
      case 2: frame.removeLast(frame.count - index)
      case 3: frame.insert(contentsOf: random.bytes(3), at: index)
      default: frame += random.bytes(Int.random(in: 1...40, using: &random))
      }
    }
    return frame
  }

  /// What must hold after any input.
  private static func check(_ bench: Bench) -> Bool {
    let settled = bench.link.nextTimeout.map { $0 > bench.now } ?? true
    let addresses = bench.events.ups.allSatisfy { $0.localAddress != .any }
    return bench.events.downs.count <= 1 && settled && addresses
  }

  @Test(arguments: 0..<40 as Range<UInt64>)
  func noFrameTrapsAndEveryLinkStaysBounded(seed: UInt64) {
    let corpus = Self.corpus()
    var random = SeededRandom(seed: seed)
    var bench = seed % 2 == 0 ? Bench.started(.gateway) : Bench.started(.client)
    for _ in 0..<500 {
      let frame =
        Int.random(in: 0..<8, using: &random) == 0
        ? random.bytes(Int.random(in: 0...64, using: &random))
        : Self.mutate(corpus.randomElement(using: &random) ?? [], using: &random)
      let answers = bench.receive(frame)
      #expect(answers.count <= 6)
      for number in [PPPProtocol.lcp, .ipcp] where Int.random(in: 0..<4, using: &random) == 0 {
        if bench.lastRequest(of: number) != nil { bench.acknowledgeRequest(of: number) }
      }
      for case .authenticate(let request) in bench.events.suffix(3) {
        bench.link.completeAuthentication(
          request.ticket, .accepted(), at: bench.now, using: &bench.random)
      }
      bench.link.assignAddress(LinkPair.offer, at: bench.now, using: &bench.random)
      bench.drain()
      bench.advance(by: .milliseconds(Int64.random(in: 0...900, using: &random)))
      guard Self.check(bench) else {
        Issue.record("seed \(seed), frame \(frame)")
        return
      }
      if !bench.events.downs.isEmpty {
        bench = seed % 2 == 0 ? Bench.started(.gateway) : Bench.started(.client)
      }
    }
  }

  @Test func everyPacketOfTheConversationSurvivesParseAndWrite() throws {
    for frame in Self.corpus() {
      let parsed = try PPPFrame(parsing: frame)
      #expect(parsed.bytes == frame)
      let packet = try ControlPacket(parsing: parsed.information)
      #expect(packet.bytes == parsed.information)
      if parsed.protocolNumber == .chap { #expect(try CHAPPacket(packet)?.frame == frame) }
      if parsed.protocolNumber == .pap { #expect(try PAPPacket(packet)?.frame == frame) }
    }
  }

  @Test func aViolationChangesNothingThatIsShown() {
    let bench = Bench.gatewayInNetwork()
    var before = bench.link.snapshot
    for frame in [hex("c021 01 01 0006 0100"), hex("8021 02 99 0004"), hex("c021 02 09 0004"), [1]]
    {
      bench.receive(frame)
    }
    var after = bench.link.snapshot
    #expect(after.violations.total > 0)
    before.violations = PPPViolationCounts()
    after.violations = PPPViolationCounts()
    before.echoDeadline = after.echoDeadline
    #expect(before == after)
  }
}
