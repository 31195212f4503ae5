import ConnectionService
import Primitives
import Testing

@testable import Simulation

/// What must not happen, step by step.
@Suite(.timeLimit(.minutes(5))) struct ServiceScriptTests {
  /// One device, two people, everything up.
  private func world(brokers: Int = 1) throws -> ServiceWorld {
    let world = try ServiceWorld(seed: 1, brokers: brokers, devices: 1, people: 2)
    try world.startAll()
    try world.run(for: .seconds(5))
    return world
  }

  private func connect(_ world: ServiceWorld, _ tag: String, for span: Duration) throws {
    world.people[0].askFor(
      world.agents[0].product, ConnectRequest(), PersonNode.Wish(tag: tag, key: tag), in: world)
    try world.run(for: span)
  }

  /// Bad input 62: the answer waits for the next attachment, here on another broker.
  @Test func badInput62TheStreamDropsBetweenUpAndAcknowledged() throws {
    let world = try world(brokers: 2)
    let agent = world.agents[0]
    let way = try #require(agent.process?.stream?.way)
    try connect(world, "k1", for: .zero)
    while agent.process?.engine.state.phase != .up { try world.run(for: .milliseconds(1)) }
    #expect(world.tally["event: connection.opened"] == 0)
    world.cut(way)
    try world.run(for: .seconds(110))
    #expect(agent.process?.engine.connections.count == 1)
    #expect(agent.process?.stream?.way.broker == 1 - way.broker)
    #expect(world.tally["tunnel dialled"] == 1)
    #expect(world.tally["event: connection.opened"] == 1)
    try world.checkRest()
  }

  /// Bad input 65: nothing comes back, and one line tells of it, whatever is between.
  @Test func badInput65KillMinusNineWithATunnelUp() throws {
    let world = try world()
    let agent = world.agents[0]
    try connect(world, "k1", for: .seconds(5))
    #expect(agent.process?.engine.state.phase == .up)
    agent.die(in: world)
    try world.run(for: .seconds(60))
    // The next life is cut short, too, as soon as it has written what it found.
    agent.stepsToLive = 2
    try agent.start(in: world)
    try world.run(for: .seconds(10))
    #expect(agent.process == nil)
    try agent.start(in: world)
    try world.run(for: .seconds(120))
    #expect(agent.process?.engine.state.phase == .down)
    #expect(world.tally["tunnel dialled"] == 1)
    #expect(world.tally["history: unexpectedClose"] == 1)
    #expect(world.tally["event: tunnel.unexpectedClose"] == 1)
    try world.checkRest(isEmpty: true)
  }

  /// Bad input 63: durations and deadlines go by the steady clock.
  @Test(arguments: [86_400, -86_400] as [Int64])
  func badInput63AWallClockThatJumpsADayMovesNoTimer(_ seconds: Int64) throws {
    let world = try world()
    let agent = world.agents[0]
    try connect(world, "k1", for: .seconds(5))
    agent.wallClockError = .seconds(seconds)
    try world.run(for: .seconds(1_190))
    #expect(agent.process?.engine.state.phase == .up)
    try world.run(for: .seconds(20))
    #expect(agent.process?.engine.state.phase == .down)
    #expect(world.tally["tunnel lost: inactivity"] == 1)
    #expect(world.tally["history: unexpectedClose"] == 1)
  }

  /// Bad input 61: what was asked first wins, and the ledger says so everywhere.
  @Test func badInput61CloseallRacingConnectLeavesEqualLedgers() throws {
    for milliseconds in stride(from: 0 as Int64, to: 3_000, by: 75) {
      let world = try world(brokers: 2)
      try connect(world, "k1", for: .milliseconds(milliseconds))
      world.people[1].closeAll(
        world.agents[0].product, PersonNode.Wish(tag: "k2", key: "k2"), in: world)
      try connect(world, "k3", for: .milliseconds(milliseconds / 3))
      try connect(world, "k4", for: .seconds(90))
      try world.checkRest()
    }
  }

  /// CS-27: without its store the broker refuses; the tunnel lives by its own rules.
  @Test func cs27AStoreThatIsDownClosesNothing() throws {
    let world = try world()
    let agent = world.agents[0]
    try connect(world, "k1", for: .seconds(5))
    world.store.failure = .unreachable
    try connect(world, "k2", for: .seconds(300))
    #expect(world.tally["connect: storeUnavailable"] == 1)
    #expect(agent.process?.engine.connections.count == 1)
    world.store.failure = nil
    try world.run(for: .seconds(90))
    #expect(agent.process?.engine.connections.count == 1)
    try world.checkRest()
  }

  /// CS-15: a device that lost its file counts from 1 again, and is heard all the same.
  @Test func cs15ADeviceThatLostItsHistoryIsHeard() throws {
    let world = try world()
    let agent = world.agents[0]
    for (tag, losses) in [("k1", 1), ("k2", 2), ("k3", 3)] {
      try connect(world, tag, for: .seconds(5))
      let tunnel = try #require(agent.process?.tunnel)
      world.lose(tunnel, .peerClosed, of: agent, isAbrupt: false)
      try world.run(for: .seconds(60))
      #expect(world.tally["event: tunnel.unexpectedClose"] == losses)
      #expect(agent.file.mark.acknowledged == agent.file.sequence)
      agent.die(in: world)
      agent.loseHistory()
      world.checks.histories[agent.index] = HistoryChecker()
      try agent.start(in: world)
      try world.run(for: .seconds(60))
    }
  }

  /// CS-21: the newer attachment wins, the older agent is told and stops.
  @Test func cs21TwoAgentsWithOneProductIDDoNotTakeTurns() throws {
    let world = try ServiceWorld(
      seed: 1, brokers: 1, devices: 1, people: 1, twins: [0])
    try world.startAll()
    try world.run(for: .seconds(600))
    let superseded = world.agents.filter { $0.process?.isSuperseded == true }
    #expect(superseded.count == 1)
    #expect(world.tally["agent superseded"] == 1)
  }

  /// The broker has a report and the agent does not hear of it; then another agent with the same
  /// product id reports, and then the first one again.
  @Test func cs13AndCS21WhatTwoAgentsReportAgainIsToldOnce() throws {
    let world = try ServiceWorld(seed: 1, brokers: 2, devices: 1, people: 1, twins: [0])
    for broker in world.brokers { broker.start(in: world) }
    world.gateway.start(in: world)
    let (first, second) = (world.agents[0], world.agents[1])
    try first.start(in: world)
    try world.run(for: .seconds(5))
    let way = try #require(first.process?.stream?.way)
    try connect(world, "k1", for: .zero)
    while world.tally["event: tunnel.opened"] == 0 { try world.run(for: .milliseconds(1)) }
    world.cut(way)
    first.die(in: world)
    #expect(first.file.mark.acknowledged < first.file.sequence)
    world.network.cut = []
    for agent in [second, first] {
      try agent.start(in: world)
      try world.run(for: .seconds(60))
      #expect(agent.file.mark.acknowledged == agent.file.sequence)
      agent.die(in: world)
    }
    #expect(world.tally["event: tunnel.opened"] == 1)
    #expect(world.tally["event: tunnel.unexpectedClose"] == 1)
  }

  /// CS-21: a request that its agent had given up is handled when the next one stands.
  @Test func cs21AnAgentWhoseAttachIsHandledLateComesToRestAttached() throws {
    var late = 0
    for seed in 0..<20 as Range<UInt64> {
      let world = try ServiceWorld(seed: seed, brokers: 2, devices: 1, people: 1)
      world.network.latePerMille = 1000
      try world.startAll()
      try world.run(for: .milliseconds(1))
      world.network.latePerMille = 0
      try world.run(for: .seconds(300))
      late += world.tally["attach handled late"]
      #expect(world.tally["agent superseded"] == 0)
      let stream = try #require(world.agents[0].process?.stream)
      #expect(stream.isOpenAtBroker)
      #expect(world.books.device(world.agents[0].product)?.record.epoch == stream.epoch)
      #expect(world.brokers.flatMap(\.streams).count == 1)
    }
    #expect(late > 2)
  }
}
