import ConnectionService
import Primitives
import Testing

@testable import Broker

/// A device says whatever it likes; it harms nobody but itself.
@Suite(.timeLimit(.minutes(5))) struct HostileDeviceTests {
  @Test func tenThousandAnswersLinesOrConnectionsAreRefusedWhole() throws {
    let stage = try Stage()
    let device = try stage.attach()
    let id = try stage.connect(device).id
    var answers = device.words
    answers.answers = (1...10_000).map { DeviceAnswer(command: $0, outcome: .closed) }
    var history = device.words
    history.history = (1...257).map {
      HistoryEvent(sequence: $0, time: Timestamp(milliseconds: 0), kind: .unexpectedClose)
    }
    var connections = device.words
    connections.state.connections = (0...DeviceReport.connectionsMax).map { _ in
      ConnectionID(using: &stage.random)
    }
    let events = try stage.events()
    for words in [answers, history, connections] {
      #expect(code { try stage.broker.receive(words, from: device.caller) } == .tooLarge)
    }
    #expect(try stage.events() == events)
    #expect(try stage.view(id).phase == .requested)
  }

  @Test func aReportAtItsLimitsIsTaken() throws {
    let stage = try Stage()
    let device = try stage.attach()
    var words = device.words
    words.answers = (0..<UInt64(DeviceReport.answersMax)).map {
      DeviceAnswer(command: .max - $0, outcome: .closed)
    }
    words.history = (1...UInt64(DeviceReport.historyMax)).map {
      HistoryEvent(sequence: $0, time: Timestamp(milliseconds: 0), kind: .agentStarted)
    }
    words.state.connections = (0..<DeviceReport.connectionsMax).map { _ in
      ConnectionID(using: &stage.random)
    }
    let receipt = try stage.broker.receive(words, from: device.caller)
    #expect(receipt.historyAcknowledged == UInt64(DeviceReport.historyMax))
    #expect(try stage.commands(device).count == Limits.commandsMax)
    words.state.connections = (0..<DeviceReport.connectionsMax).map { _ in
      ConnectionID(using: &stage.random)
    }
    _ = try stage.broker.receive(words, from: device.caller)
    #expect(try stage.commands(device).count == Limits.commandsMax)
  }

  @Test func sequencesThatGoBackwardsOrJumpToTheEndAreIgnored() throws {
    let stage = try Stage()
    let device = try stage.attach()
    let tunnel = TunnelID(using: &stage.random)
    func line(_ sequence: UInt64) -> HistoryEvent {
      var line = HistoryEvent(
        sequence: sequence, time: Timestamp(milliseconds: .max), kind: .unexpectedClose)
      line.tunnel = tunnel
      line.lastedSeconds = .min
      line.bytes = .max
      return line
    }
    var words = device.words
    words.history = [5, 4, 5, 0, 6, 2, .max, 7].map(line)
    let receipt = try stage.broker.receive(words, from: device.caller)
    #expect(receipt.historyAcknowledged == 6)
    let lost = try stage.events(.tunnelUnexpectedClose)
    #expect(lost.count == 2)
    #expect(lost.allSatisfy { $0.durationSeconds == 0 && $0.bytes == UInt64(Int64.max) })
    words.history = [.max, .max].map(line)
    #expect(
      try stage.broker.receive(words, from: device.caller).historyAcknowledged == 6)
    words.history = [line(7)]
    #expect(
      try stage.broker.receive(words, from: device.caller).historyAcknowledged == 7)
  }

  @Test func nothingThatADeviceSaysTouchesAnotherDevice() throws {
    let stage = try Stage()
    let victim = try stage.attach("victim")
    let other = try stage.attach("other")
    let up = try stage.open(victim).id
    let waiting = try stage.connect(victim).id
    let own = try stage.connect(other).id
    let command = try #require(try stage.commands(other).first)
    let foreign = try #require(try stage.commands(victim).first)
    let before = try stage.live(victim)

    var words = other.words
    words.answers = [
      DeviceAnswer(command: foreign.id, outcome: .closed),
      DeviceAnswer(
        command: command.id,
        outcome: .connected(facts: other.facts(waiting, TunnelID(using: &stage.random)))),
    ]
    words.history = [
      HistoryEvent(sequence: 1, time: stage.store.clock, kind: .connectionClosed),
      HistoryEvent(sequence: 2, time: stage.store.clock, kind: .unexpectedClose),
    ]
    words.history[0].connection = up
    words.history[1].tunnel = victim.tunnel
    words.state.connections = [up, waiting, up, up]
    _ = try stage.broker.receive(words, from: other.caller)

    #expect(try stage.live(victim) == before)
    #expect(try stage.commands(victim).map(\.id) == [foreign.id])
    #expect(try stage.events(.tunnelUnexpectedClose).map(\.product) == [other.product])
    let failed = try stage.view(own)
    #expect(failed.failure == .answerMisfits)
    // It is told to close what is not its own, each once.
    let closes = try stage.commands(other).map(\.action)
    #expect(closes.count == 3)
    #expect(closes.contains(.close(connection: up, reason: .brokerLost)))
  }

  @Test(arguments: ["", "10.99.0.999", "<script>", String(repeating: "1", count: 10_000)])
  func anAddressThatIsNoneOpensNothing(_ address: String) throws {
    let stage = try Stage()
    let device = try stage.attach()
    let id = try stage.connect(device).id
    let command = try #require(try stage.commands(device).first)
    var facts = device.facts(id, TunnelID(using: &stage.random))
    facts.vpnAddress = address
    device.answers = [DeviceAnswer(command: command.id, outcome: .connected(facts: facts))]
    try device.report(to: stage.broker)
    #expect(try stage.view(id).failure == .answerMisfits)
    #expect(try stage.broker.grants().isEmpty)
    #expect(
      try stage.commands(device).map(\.action) == [.close(connection: id, reason: .internalError)])
  }

  @Test func aStateOutOfAllBoundsIsMadeFitToShow() throws {
    let stage = try Stage()
    let device = try stage.attach()
    var words = device.words
    words.state = DeviceState(
      phase: .up,
      tunnel: TunnelState(
        id: TunnelID(using: &stage.random), vpnAddress: "10.0.0.1",
        upSince: Timestamp(milliseconds: .min), inactivitySeconds: .min,
        inactivityLeftSeconds: .max, receivedBytes: .max, sentBytes: .max))
    words.state.number = .max
    _ = try stage.broker.receive(words, from: device.caller)
    let view = try stage.broker.device(device.product, by: stage.ann)
    #expect(view.tunnel?.inactivitySeconds == 300)
    #expect(view.tunnel?.inactivityLeftSeconds == 3600)
    #expect(view.tunnel?.sentBytes == UInt64(Int64.max))
    words.state.tunnel?.vpnAddress = "nowhere"
    words.state.number = nil
    _ = try stage.broker.receive(words, from: device.caller)
    #expect(try stage.broker.device(device.product, by: stage.ann).tunnel == nil)
  }

  @Test func aRefusalIsShownBoundedAndInCodesThatADeviceMayUse() throws {
    let stage = try Stage()
    let device = try stage.attach()
    let id = try stage.connect(device).id
    let command = try #require(try stage.commands(device).first)
    let refusal = Refusal(
      .unauthenticated, String(repeating: "é", count: 5000), cause: "nul\u{0}esc\u{1b}",
      nextStep: "")
    device.answers = [DeviceAnswer(command: command.id, outcome: .refused(refusal: refusal))]
    try device.report(to: stage.broker)
    let failure = try #require(try stage.view(id).failure)
    #expect(failure.code == .internalError)
    #expect(failure.detail == String(repeating: "é", count: 250))
    #expect(failure.cause == "nul esc ")
  }

  @Test func anAnswerToAnotherQuestionEndsTheConnectOnly() throws {
    let stage = try Stage()
    let device = try stage.attach()
    let first = try stage.open(device).id
    let second = try stage.connect(device).id
    _ = try stage.broker.close(first, key: nil, by: stage.ann)
    let commands = try stage.commands(device)
    device.answers = [
      DeviceAnswer(command: commands[0].id, outcome: .closed),
      DeviceAnswer(
        command: commands[1].id,
        outcome: .connected(facts: device.facts(first, TunnelID(using: &stage.random)))),
    ]
    try device.report(to: stage.broker)
    #expect(try stage.view(second).failure?.code == .connectionClosed)
    #expect(try stage.view(first).phase == .closing)
  }
}
