import ConnectionService
import Primitives
import Testing

@testable import Agent

/// CS-1 to CS-8: the ledger of connections.
@Suite(.timeLimit(.minutes(5))) struct ConnectionAgentTests {
  @Test func cs2TheFirstConnectDialsAndIsAnsweredWhenTheTunnelIsUp() {
    var bench = ConnectionBench()
    let id = ConnectionBench.connection(1)
    let command = bench.connect(id, idle: 600)
    #expect(bench.dials.map(\.seconds) == [600])
    #expect(bench.answers.isEmpty)
    #expect(bench.agent.state.phase == .establishing)
    bench.observe(.dialling)
    bench.observe(.up(ConnectionBench.reading))
    let facts = bench.facts(of: command)
    #expect(facts?.connection == id)
    #expect(facts?.vpnAddress == "10.99.0.7")
    #expect(facts?.inactivity.seconds == 600)
    #expect(bench.kinds == [.agentStarted, .tunnelEstablished, .connectionOpened])
    #expect(bench.records.map(\.sequence) == [1, 2, 3])
    #expect(bench.agent.state.connections == [id])
    #expect(bench.agent.state.tunnel?.id == facts?.tunnel)
  }

  @Test func aRecordComesBeforeTheAnswerThatDependsOnIt() throws {
    var bench = ConnectionBench()
    bench.connect(ConnectionBench.connection(1))
    bench.observe(.up(ConnectionBench.reading))
    let answered = try #require(
      bench.outputs.firstIndex { if case .answer = $0 { true } else { false } })
    let recorded = try #require(
      bench.outputs.lastIndex { if case .record = $0 { true } else { false } })
    #expect(recorded < answered)
  }

  @Test func cs3ConcurrentFirstConnectsShareOneEstablishment() {
    var bench = ConnectionBench()
    let commands = (0..<10).map { bench.connect(ConnectionBench.connection($0)) }
    #expect(bench.dials.count == 1)
    #expect(bench.agent.waitingCount == 10)
    bench.observe(.up(ConnectionBench.reading))
    let facts = commands.compactMap { bench.facts(of: $0) }
    #expect(facts.count == 10)
    #expect(Set(facts.map(\.tunnel)).count == 1)
    #expect(Set(facts.map(\.connection)).count == 10)
  }

  @Test func cs4AllWhoWaitedGetTheFailure() {
    var bench = ConnectionBench()
    let commands = (0..<3).map { bench.connect(ConnectionBench.connection($0)) }
    bench.observe(.over(.authenticationFailed, detail: "the gateway refused the password"))
    for command in commands { #expect(bench.refusal(of: command) == .establishmentFailed) }
    guard case .refused(let refusal) = bench.answer(to: commands[0]) else {
      Issue.record("no refusal")
      return
    }
    #expect(refusal.reason == .authenticationFailed)
    #expect(refusal.cause == "the gateway refused the password")
    #expect(bench.kinds.count { $0 == .establishmentFailed } == 1)
    #expect(bench.kinds.count { $0 == .connectRefused } == 3)
    #expect(!bench.kinds.contains(.unexpectedClose))
    #expect(bench.agent.state == DeviceState(phase: .down))
  }

  /// A peer may repeat what it was sent, and the broker knows only each asker's own secrets.
  @Test func wordsAboutOneUsersCredentialsGoToThatUserAlone() {
    var bench = ConnectionBench()
    var order = ConnectionBench.order(ConnectionBench.connection(1))
    order.parameters.credentials = .given(
      GivenCredentials(preSharedKey: "psk-7731", user: "pump", password: "pass-4242"))
    let first = bench.send(.connect(order: order))
    let second = bench.connect(ConnectionBench.connection(2))
    bench.observe(.over(.negotiationFailed, detail: "nobody knows psk-7731"))
    for (command, hasWords) in [(first, true), (second, false)] {
      guard case .refused(let refusal) = bench.answer(to: command) else {
        Issue.record("no refusal")
        return
      }
      #expect(refusal.code == .establishmentFailed)
      #expect(refusal.reason == .negotiationFailed)
      #expect(refusal.cause.contains("psk-7731") == hasWords)
    }
  }

  @Test func anEstablishmentThatTakesTooLongIsGivenUp() {
    var bench = ConnectionBench()
    let command = bench.connect(ConnectionBench.connection(1))
    #expect(bench.agent.nextTimeout == Instant.zero + ConnectionAgent.establishmentMax)
    bench.advance(ConnectionAgent.establishmentMax - .nanoseconds(1))
    #expect(bench.answers.isEmpty)
    bench.advance(.nanoseconds(1))
    #expect(bench.refusal(of: command) == .establishmentFailed)
    #expect(bench.closes == [.retriesExhausted])
    bench.observe(.over(.retriesExhausted, detail: ""))
    #expect(bench.agent.state.phase == .down)
    #expect(bench.kinds.count { $0 == .establishmentFailed } == 1)
  }

  @Test func cs3And10FurtherConnectsShareTheTunnelAndKeepItsTimeout() {
    var bench = ConnectionBench()
    let first = bench.connect(ConnectionBench.connection(1), idle: 600)
    bench.observe(.up(ConnectionBench.reading))
    let second = bench.connect(ConnectionBench.connection(2), idle: 3600)
    #expect(bench.dials.count == 1)
    #expect(bench.facts(of: second)?.tunnel == bench.facts(of: first)?.tunnel)
    #expect(bench.facts(of: second)?.vpnAddress == bench.facts(of: first)?.vpnAddress)
    #expect(bench.facts(of: second)?.inactivity.seconds == 600)
  }

  @Test func cs3TheEleventhIsRefusedAndASlotThatIsGivenBackIsTaken() {
    var bench = ConnectionBench()
    let ids = bench.bringUp(10)
    let eleventh = bench.connect(ConnectionBench.connection(11))
    #expect(bench.refusal(of: eleventh) == .connectionLimit)
    #expect(bench.agent.state.connections.count == 10)
    #expect(bench.kinds == [.connectRefused])
    bench.send(.close(connection: ids[3], reason: .requested))
    let twelfth = bench.connect(ConnectionBench.connection(12))
    #expect(bench.facts(of: twelfth) != nil)
  }

  @Test func thoseWhoWaitCountTowardsTheLimit() {
    var bench = ConnectionBench()
    for number in 0..<10 { bench.connect(ConnectionBench.connection(number)) }
    let eleventh = bench.connect(ConnectionBench.connection(11))
    #expect(bench.refusal(of: eleventh) == .connectionLimit)
    bench.observe(.up(ConnectionBench.reading))
    #expect(bench.agent.connections.count == 10)
  }

  @Test func cs6TheLastCloseTakesTheTunnelAlong() {
    var bench = ConnectionBench()
    let ids = bench.bringUp(2)
    bench.send(.close(connection: ids[0], reason: .requested))
    #expect(bench.closes.isEmpty)
    let last = bench.send(.close(connection: ids[1], reason: .requested))
    #expect(bench.closes == [.lastConnectionClosed])
    #expect(bench.answer(to: last) == .closed)
    #expect(bench.kinds == [.connectionClosed, .connectionClosed, .tunnelClosed])
    #expect(bench.records.map(\.reason) == [.requested, .requested, .lastConnectionClosed])
    #expect(bench.agent.state.phase == .closing)
    bench.observe(.over(.lastConnectionClosed, detail: ""))
    #expect(bench.agent.state.phase == .down)
    #expect(bench.kinds.count == 3)
  }

  @Test func cs7CloseAllClosesEverythingOnce() {
    var bench = ConnectionBench()
    _ = bench.bringUp(3)
    bench.send(.closeAll(reason: .closeAll))
    bench.send(.closeAll(reason: .closeAll))
    #expect(bench.closes == [.closeAll])
    #expect(bench.kinds.count { $0 == .connectionClosed } == 3)
    #expect(bench.kinds.count { $0 == .tunnelClosed } == 1)
    #expect(bench.answers.count == 2)
  }

  @Test func closingTheOnlyOneThatWaitsStopsDialling() {
    var bench = ConnectionBench()
    let id = ConnectionBench.connection(1)
    let connect = bench.connect(id)
    let close = bench.send(.close(connection: id, reason: .requested))
    #expect(bench.refusal(of: connect) == .connectionClosed)
    #expect(bench.answer(to: close) == .closed)
    #expect(bench.closes == [.lastConnectionClosed])
    // It came up in the same moment: nobody wants it any more.
    bench.observe(.up(ConnectionBench.reading))
    #expect(bench.agent.state.phase == .closing)
    bench.observe(.over(.lastConnectionClosed, detail: ""))
    #expect(bench.kinds.count { $0 == .unexpectedClose || $0 == .tunnelClosed } == 0)
  }

  @Test func aCloseThatOvertakesItsConnectWins() {
    var bench = ConnectionBench()
    let id = ConnectionBench.connection(1)
    #expect(bench.answer(to: bench.send(.close(connection: id, reason: .requested))) == .closed)
    #expect(bench.refusal(of: bench.connect(id)) == .connectionClosed)
    #expect(bench.dials.isEmpty)
  }

  @Test func aTunnelThatDoesNotEndIsToldAgain() {
    var bench = ConnectionBench()
    _ = bench.bringUp()
    bench.send(.closeAll(reason: .closeAll))
    bench.advance(.seconds(10))
    bench.advance(.seconds(10))
    #expect(bench.closes == [.closeAll, .closeAll, .closeAll])
    bench.observe(.down)
    #expect(bench.agent.nextTimeout == nil)
  }

  @Test func cs8PeopleAtTheDeviceHearWhyACloseIsNone() throws {
    var bench = ConnectionBench()
    let ids = bench.bringUp(2)
    try bench.agent.close(ids[0], .administrator, at: bench.now, time: bench.time)
    var codes: [Refusal.Code] = []
    for id in [ids[0], ConnectionBench.connection(99)] {
      do {
        try bench.agent.close(id, .administrator, at: bench.now, time: bench.time)
      } catch {
        codes.append(error.code)
      }
    }
    #expect(codes == [.connectionClosed, .connectionUnknown])
    #expect(bench.agent.connections.map(\.id) == [ids[1]])
  }

  @Test func aCommandThatIsSentAgainIsAnsweredFromMemory() {
    var bench = ConnectionBench()
    let id = ConnectionBench.connection(1)
    let command = bench.connect(id)
    bench.connect(id, id: command)
    #expect(bench.agent.waitingCount == 1)
    bench.observe(.up(ConnectionBench.reading))
    bench.forget()
    bench.connect(id, id: command)
    #expect(bench.facts(of: command)?.connection == id)
    #expect(bench.records.isEmpty)
    #expect(bench.agent.connections.count == 1)
    // Once the connection is closed only memory says that it was opened: carried out again, the
    // same command would be refused, and one for another connection would dial.
    bench.send(.close(connection: id, reason: .requested))
    bench.observe(.over(.requested, detail: ""))
    bench.forget()
    bench.connect(id, id: command)
    bench.connect(ConnectionBench.connection(2), id: command)
    #expect(bench.answers.count == 2)
    #expect(bench.facts(of: command)?.connection == id)
    #expect(bench.records.isEmpty && bench.dials.isEmpty)
    #expect(bench.agent.waitingCount == 0)
  }

  @Test func aCloseThatIsSentAgainClosesNothingThatCameLater() {
    var bench = ConnectionBench()
    let ids = bench.bringUp(1)
    let all = bench.send(.closeAll(reason: .closeAll))
    bench.observe(.over(.closeAll, detail: ""))
    bench.connect(ConnectionBench.connection(7))
    bench.observe(.up(ConnectionBench.reading))
    bench.forget()
    bench.send(.closeAll(reason: .closeAll), id: all)
    #expect(bench.answer(to: all) == .closed)
    #expect(bench.closes.isEmpty && bench.records.isEmpty)
    #expect(bench.agent.connections.map(\.id) == [ConnectionBench.connection(7)])
    #expect(ids != bench.agent.connections.map(\.id))
  }

  @Test func theMemoryOfAnswersHas256AndForgetsTheOldest() {
    var bench = ConnectionBench()
    let ids = bench.bringUp(1)
    // Command 1 was the connect; with it there are as many answers as there is room for.
    for command in 2...UInt64(ConnectionAgent.answersMax) {
      bench.send(
        .close(connection: ConnectionBench.connection(50), reason: .requested), id: command)
    }
    #expect(ConnectionAgent.answersMax == 256)
    for command in [1, 2, 256] as [UInt64] {
      #expect(bench.agent.formerAnswer(to: command)?.command == command)
    }
    bench.send(.close(connection: ConnectionBench.connection(50), reason: .requested), id: 5000)
    #expect(bench.agent.formerAnswer(to: 1) == nil)
    #expect(bench.agent.formerAnswer(to: 2) != nil)
    #expect(bench.agent.connections.map(\.id) == ids)
  }
}
