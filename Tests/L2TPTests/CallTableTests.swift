import Primitives
import Testing

@testable import L2TP

/// RFC 2661 §7.4.1 and §7.4.2, every state with every call message.
@Suite(.timeLimit(.minutes(5))) struct CallTableTests {
  private static let calls: [MessageType] = [
    .icrq, .icrp, .iccn, .ocrq, .ocrp, .occn, .cdn, .wen, .sli,
  ]

  /// A bench whose only session is in `state`.
  private func bench(_ role: TunnelRole, _ state: SessionState) -> Bench {
    var bench = Bench.at(.established, role) { $0.helloInterval = .zero }
    bench.acknowledge()
    switch (role, state) {
    case (_, .idle): break
    case (.lns, .waitConnect), (.lns, .established):
      bench.send(.icrq)
      if state == .established { bench.send(.iccn, to: bench.sessionID) }
    case (.lac, .waitReply), (.lac, .established):
      try? bench.tunnel.openSession(localID: 0x55, at: bench.now, using: &bench.random)
      bench.drain()
      if state == .established { bench.send(.icrp, to: 0x55) }
    case (.lns, .waitTunnel), (.lns, .waitReply), (.lac, .waitTunnel), (.lac, .waitConnect):
      preconditionFailure("a \(role) on an established tunnel is never in \(state)")
    }
    bench.acknowledge()
    bench.sent = []
    bench.events = []
    return bench
  }

  /// What the RFC's tables say: "admit", "refuse" (CDN without a session), "disconnect" (CDN and
  /// clean up), "clean up", "up", "ignore".
  private func expected(_ role: TunnelRole, _ state: SessionState, _ type: MessageType) -> String {
    switch (role, state, type) {
    case (_, _, .wen), (_, _, .sli): return "ignore"
    case (_, .idle, .cdn): return "ignore"
    case (_, _, .cdn): return "clean up"
    case (.lns, .idle, .icrq): return "admit"
    case (.lns, .idle, .icrp), (.lns, .idle, .ocrp), (.lns, .idle, .ocrq): return "refuse"
    case (.lac, .idle, .icrq), (.lac, .idle, .ocrq), (.lac, .idle, .ocrp): return "refuse"
    case (_, .idle, _): return "ignore"
    case (.lns, .waitConnect, .iccn), (.lac, .waitReply, .icrp): return "up"
    default: return "disconnect"
    }
  }

  @Test func everyStateMeetsEveryCallMessageAsInTheTables() {
    let states: [(TunnelRole, SessionState)] = [
      (.lns, .idle), (.lns, .waitConnect), (.lns, .established), (.lac, .idle),
      (.lac, .waitReply), (.lac, .established),
    ]
    for (role, state) in states {
      for type in Self.calls {
        // ICRQ and OCRQ name the session by the peer's id, which a LAC in wait-reply lacks.
        let isByPeerID = type == .icrq || type == .ocrq
        if role == .lac, state == .waitReply, isByPeerID { continue }
        var bench = bench(role, state)
        bench.send(type, to: isByPeerID ? 0 : bench.sessionID)
        let note = Comment(rawValue: "\(role) \(state.rawValue) \(type)")
        let ends = bench.events.compactMap(\.sessionEnd)
        #expect(bench.tunnel.phase == .established, note)
        switch expected(role, state, type) {
        case "admit":
          #expect(bench.sentTypes == [.icrp], note)
          #expect(bench.tunnel.snapshot.sessions.map(\.state) == [.waitConnect], note)
        case "refuse":
          #expect(bench.sentTypes == [.cdn], note)
          #expect(bench.events.compactMap(\.refusal).count == 1, note)
          #expect(bench.sent.last?.header.sessionID == Sample.sessionID, note)
        case "disconnect":
          #expect(bench.sentTypes == [.cdn], note)
          #expect(ends.map(\.1) == [.negotiationFailed], note)
          #expect(bench.tunnel.snapshot.sessions.isEmpty, note)
        case "clean up":
          #expect(bench.sentTypes == [nil], note)
          #expect(ends.count == 1, note)
          #expect(bench.tunnel.snapshot.sessions.isEmpty, note)
        case "up":
          #expect(bench.events.compactMap(\.sessionUp).count == 1, note)
          #expect(bench.tunnel.snapshot.sessions.map(\.state) == [.established], note)
        default:
          #expect(bench.sentTypes == [nil], note)
          #expect(bench.events.isEmpty, note)
          #expect(bench.tunnel.snapshot.sessions.allSatisfy { $0.state == state }, note)
        }
      }
    }
  }

  @Test func theActionTableHasNoHoleForCalls() {
    for state in SessionState.allCases {
      for type in Self.calls where state == .waitReply || state == .established {
        let action = state.action(on: type, role: .lac)
        #expect(action != .admit && action != .connect && action != .refuse)
      }
      for type in Self.calls where state == .waitConnect || state == .established {
        let action = state.action(on: type, role: .lns)
        #expect(action != .answer && action != .refuse && action != .admit)
      }
    }
  }

  @Test func sessionOpenedBeforeTheTunnelWaitsForIt() throws {
    var bench = Bench(.lac)
    try bench.tunnel.openSession(localID: 5, at: bench.now, using: &bench.random)
    bench.drain()
    #expect(bench.tunnel.snapshot.sessions.map(\.state) == [.waitTunnel])
    bench.send(.sccrp)
    #expect(bench.tunnel.snapshot.sessions.map(\.state) == [.waitReply])
    bench.tunnel.closeSession(5, result: ResultCode(cdn: .lossOfCarrier), at: bench.now)
    bench.drain()
    #expect(bench.events.compactMap(\.sessionEnd).map(\.1) == [.requested])
  }

  @Test func sessionThatIsNeverConnectedGetsCDN10() {
    var bench = bench(.lns, .waitConnect)
    bench.run(until: .zero + .seconds(59))
    #expect(bench.sent.isEmpty)
    bench.run(until: .zero + .seconds(60))
    #expect(bench.lastResult?.cdnResult == .notEstablishedInTime)
    #expect(bench.events.compactMap(\.sessionEnd).map(\.1) == [.negotiationFailed])
  }

  @Test func factsOfTheCallReachTheLNS() throws {
    var facts = SessionFacts()
    facts.callSerialNumber = 99
    facts.callingNumber = "10.0.0.9"
    facts.calledNumber = "gateway"
    facts.subAddress = "x"
    facts.physicalChannelID = 4
    facts.bearerType = 1
    facts.framingType = 2
    facts.txConnectSpeedBPS = 100_000_000
    facts.rxConnectSpeedBPS = 50_000_000
    facts.privateGroupID = "group"
    facts.isSequencingRequired = true
    var pair = Pair()
    try pair.lac.openSession(localID: 3, facts: facts, at: pair.now, using: &pair.random)
    pair.drain()
    pair.run(for: .seconds(1))
    #expect(pair.lnsEvents.compactMap(\.sessionUp).map(\.2) == [facts])
  }
}
