import ConnectionService
import Primitives
import Testing

@testable import Agent

/// Every phase with every input: where it leads, and that the ledger stays whole.
@Suite(.timeLimit(.minutes(5))) struct ConnectionTableTests {
  enum Start: String, CaseIterable, Sendable { case down, establishing, up, upTwo, closing }

  enum Input: String, CaseIterable, Sendable {
    case connect, connectAgain, closeOwn, closeUnknown, closeAll, localCloseAll
    case down, dialling, isUp, over, timeout, attached, detached, acknowledged
  }

  typealias Phase = DeviceState.Phase

  /// What each input makes of `down`, `establishing`, `up`, `upTwo`, `closing`.
  static let table: [Input: [Phase]] = [
    .connect: [.establishing, .establishing, .up, .up, .closing],
    .connectAgain: [.establishing, .establishing, .up, .up, .closing],
    .closeOwn: [.down, .closing, .closing, .up, .closing],
    .closeUnknown: [.down, .establishing, .up, .up, .closing],
    .closeAll: [.down, .closing, .closing, .closing, .closing],
    .localCloseAll: [.down, .closing, .closing, .closing, .closing],
    .down: [.down, .down, .down, .down, .down],
    .dialling: [.closing, .establishing, .down, .down, .closing],
    .isUp: [.closing, .up, .up, .up, .closing],
    .over: [.down, .down, .down, .down, .down],
    .timeout: [.down, .closing, .up, .up, .closing],
    .attached: [.down, .establishing, .up, .up, .closing],
    .detached: [.down, .establishing, .up, .up, .closing],
    .acknowledged: [.down, .establishing, .up, .up, .closing],
  ]

  static let own = ConnectionBench.connection(0)

  private static func bench(in start: Start) -> ConnectionBench {
    var bench = ConnectionBench()
    switch start {
    case .down: break
    case .establishing: bench.connect(own)
    case .up: _ = bench.bringUp()
    case .upTwo: _ = bench.bringUp(2)
    case .closing:
      _ = bench.bringUp(2)
      bench.send(.closeAll(reason: .closeAll))
    }
    bench.forget()
    return bench
  }

  private static func apply(_ input: Input, to bench: inout ConnectionBench) {
    switch input {
    case .connect: bench.connect(ConnectionBench.connection(30))
    case .connectAgain: bench.connect(own, id: 700)
    case .closeOwn: bench.send(.close(connection: own, reason: .requested))
    case .closeUnknown:
      bench.send(.close(connection: ConnectionBench.connection(31), reason: .requested))
    case .closeAll: bench.send(.closeAll(reason: .closeAll))
    case .localCloseAll:
      bench.agent.closeAll(.administrator, at: bench.now, time: bench.time)
      bench.drain()
    case .down: bench.observe(.down)
    case .dialling: bench.observe(.dialling)
    case .isUp: bench.observe(.up(ConnectionBench.reading))
    case .over: bench.observe(.over(.deadPeer, detail: "no answer"))
    case .timeout: bench.advance(.seconds(7200))
    case .attached: bench.agent.attached(epoch: 1)
    case .detached: bench.agent.detached()
    case .acknowledged: bench.report(acknowledged: 1)
    }
  }

  @Test(arguments: Start.allCases, Input.allCases)
  func everyInputInEveryPhase(_ start: Start, _ input: Input) throws {
    var bench = Self.bench(in: start)
    let before = bench.agent.connections.count
    Self.apply(input, to: &bench)
    let index = try #require(Start.allCases.firstIndex(of: start))
    #expect(bench.agent.state.phase == Self.table[input]?[index])

    let state = bench.agent.state
    #expect((state.phase == .up) == (state.tunnel != nil))
    #expect((state.phase == .up) == !state.connections.isEmpty)
    #expect(state.connections.count <= ConnectionAgent.connectionsMax)
    #expect(
      bench.dials.count
        == (start == .down && input == .connect
          || start == .down
            && input == .connectAgain
          ? 1 : 0))
    // A tunnel that was up and is not any more has exactly one line that says so.
    let ends = bench.kinds.count { $0 == .unexpectedClose || $0 == .tunnelClosed }
    #expect(ends == (before > 0 && state.phase != .up ? 1 : 0))
    let opened = bench.kinds.count { $0 == .connectionOpened }
    let closed = bench.kinds.count { $0 == .connectionClosed }
    #expect(state.connections.count == before + opened - closed)
  }

  /// Thousands of random inputs: at rest the history and the ledger say the same.
  @Test(arguments: 1...20 as ClosedRange<UInt64>)
  func aRandomLifeKeepsTheLedgerWhole(_ seed: UInt64) {
    var random = SeededRandom(seed: seed)
    var bench = ConnectionBench()
    var open: Set<ConnectionID> = []
    var tunnels = 0
    for _ in 0..<2_000 {
      let id = ConnectionBench.connection(Int.random(in: 0..<40, using: &random))
      switch Int.random(in: 0..<9, using: &random) {
      case 0, 1, 2: bench.connect(id)
      case 3: bench.send(.close(connection: id, reason: .requested))
      case 4: bench.observe(.up(ConnectionBench.reading))
      case 5: bench.observe(.over(.deadPeer, detail: ""))
      case 6: bench.advance(.seconds(Int64.random(in: 0..<20, using: &random)))
      case 7: bench.connect(id, epoch: 9)
      default:
        if Int.random(in: 0..<10, using: &random) == 0 { bench.send(.closeAll(reason: .closeAll)) }
      }
      for event in bench.records {
        switch event.kind {
        case .connectionOpened: if let id = event.connection { open.insert(id) }
        case .connectionClosed: if let id = event.connection { open.remove(id) }
        case .tunnelEstablished: tunnels += 1
        case .tunnelClosed, .unexpectedClose: tunnels -= 1
        case .agentStarted, .establishmentFailed, .connectRefused: break
        }
      }
      bench.forget()
      #expect(open == Set(bench.agent.connections.map(\.id)))
      #expect(tunnels == (bench.agent.state.phase == .up ? 1 : 0))
    }
  }
}
