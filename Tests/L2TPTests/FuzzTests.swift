import Primitives
import Testing

@testable import L2TP

@Suite(.timeLimit(.minutes(5))) struct FuzzTests {
  /// The tunnels that meet the bytes: every phase of both roles.
  private func bench(_ index: Int) -> Bench {
    let phases = ControlConnectionTableTests.phases
    let (role, phase) = phases[index % phases.count]
    var bench = Bench.at(phase, role) {
      if index % 2 == 0 {
        $0.secret = Secret(text: "s")
        $0.hideAVPs = true
      }
    }
    if phase == .established {
      bench.acknowledge()
      if role == .lns {
        bench.send(.icrq)
      } else {
        try? bench.tunnel.openSession(localID: 5, at: bench.now, using: &bench.random)
      }
    }
    bench.drain()
    return bench
  }

  /// What must hold whatever came in.
  private func check(_ bench: borrowing Bench, _ note: String) {
    let snapshot = bench.tunnel.snapshot
    let ends = bench.events.compactMap(\.sessionEnd).map(\.0)
    #expect(bench.events.count { $0.isClosed } <= 1, Comment(rawValue: note))
    #expect(Set(ends).count == ends.count, Comment(rawValue: note))
    #expect(snapshot.outgoing <= ReliableChannel.outgoingMax, Comment(rawValue: note))
    if snapshot.phase == .stopped || snapshot.phase == .over {
      #expect(snapshot.sessions.isEmpty, Comment(rawValue: note))
    }
  }

  @Test func randomBytesNeverTrap() {
    var random = SeededRandom(seed: 1)
    for index in 0..<20_000 {
      let bytes = random.bytes(Int.random(in: 0...80, using: &random))
      _ = try? ControlMessage(parsing: bytes)
      _ = try? Tunnel.peekSCCRQ(bytes)
      _ = Tunnel.answerWithoutTunnel(to: bytes)
      if index % 50 == 0 {
        var bench = bench(index / 50)
        bench.receive(bytes)
        check(bench, "random \(index)")
      }
    }
  }

  @Test func mutatedMessagesNeverTrapAndNeverBreakAnInvariant() {
    var random = SeededRandom(seed: 2)
    for index in 0..<3_000 {
      var bench = bench(index)
      for _ in 0..<8 {
        let type = MessageType.allCases[
          Int.random(in: 0..<MessageType.allCases.count, using: &random)]
        let isNew = Bool.random(using: &random)
        var bytes = Sample.message(
          type, tunnelID: isNew ? 0 : Bench.localID, sessionID: bench.sessionID, ns: bench.ns,
          nr: bench.nr)
        // Leave the header of most alone, so that the mutations reach the AVPs.
        let first = Int.random(in: 0..<10, using: &random) == 0 ? 0 : ControlHeader.byteCount
        for _ in 0..<Int.random(in: 0...4, using: &random) where first < bytes.count {
          bytes[Int.random(in: first..<bytes.count, using: &random)] = UInt8.random(
            in: 0...255, using: &random)
        }
        if bench.receive(bytes) == nil { bench.ns &+= 1 }
        if Int.random(in: 0..<4, using: &random) == 0, let due = bench.tunnel.nextTimeout {
          bench.now = max(bench.now, due)
          bench.tunnel.handleTimeout(at: bench.now)
          bench.drain()
        }
      }
      check(bench, "mutated \(index)")
    }
  }

  @Test func cutAndGrownMessagesNeverTrap() {
    for captured in CodecTests.captured {
      for count in 0...captured.count {
        for filler in [0, 0x80, 0xff] as [UInt8] {
          let cut = Array(captured.prefix(count))
          var grown = captured + Array(repeating: filler, count: count)
          grown[2] = UInt8(truncatingIfNeeded: grown.count >> 8)
          grown[3] = UInt8(truncatingIfNeeded: grown.count)
          for bytes in [cut, grown] {
            var bench = bench(count)
            bench.receive(bytes)
            check(bench, "cut or grown")
          }
        }
      }
    }
  }

  @Test func aViolationFoundBeforeAcceptanceChangesNothing() {
    var random = SeededRandom(seed: 4)
    let early: Set<Violation> = [
      .headerTruncated, .dataMessage, .headerVersion, .headerFlags, .headerLength,
      .messageTooLong, .avpLength, .avpCount, .messageTypeMissing, .messageTypeRepeated, .tunnelID,
      .acknowledgesUnsent, .outsideWindow, .backlog, .notSCCRQ,
    ]
    var seen: Set<Violation> = []
    for index in 0..<4_000 {
      var bench = bench(index)
      bench.sent = []
      bench.events = []
      var bytes = Sample.message(
        .hello, tunnelID: Bench.localID, ns: bench.ns, nr: bench.nr, avps: [AVP(.vendorName, [1])])
      for _ in 0..<2 {
        bytes[Int.random(in: 0..<bytes.count, using: &random)] = UInt8.random(
          in: 0...255, using: &random)
      }
      let before = bench.tunnel.snapshot
      guard let violation = bench.receive(bytes), early.contains(violation) else { continue }
      seen.insert(violation)
      #expect(bench.tunnel.snapshot == before)
      #expect(bench.sent.isEmpty && bench.events.isEmpty)
    }
    #expect(seen.count >= 8)
  }
}
