import ConnectionService
import Primitives
import Testing

@testable import Broker

/// Whose history a report goes on with: the file's that it comes from, whoever sends it.
@Suite(.timeLimit(.minutes(5))) struct HistoryTests {
  /// One more agent with the product id and the token of `device`, and a history of its own.
  private func twin(of device: ModelDevice, _ text: String, _ stage: Stage) -> ModelDevice {
    ModelDevice(
      device.product, device.caller, device.token, as: AgentInstance(text),
      history: HistoryID(using: &stage.random))
  }

  /// Attaches, has a tunnel and loses it; the last words are said, and their receipt is lost.
  private func live(_ device: ModelDevice, _ stage: Stage) throws -> TunnelID {
    try device.attach(to: stage.broker)
    _ = try stage.open(device)
    let tunnel = try #require(device.tunnel)
    device.loseTunnel(.deadPeer)
    _ = try stage.broker.receive(device.words, from: device.caller)
    return tunnel
  }

  @Test func cs13AndCS21EachLineOfTwoAgentsWithOneProductIDIsToldOnce() throws {
    let stage = try Stage()
    let enrolled = try stage.enrol("pump-1")
    let agents = ["one", "two"].map { twin(of: enrolled, $0, stage) }
    var tunnels: [TunnelID] = []
    // In turns: what each reports again is told already, however far the other has come.
    for agent in agents + agents { tunnels.append(try live(agent, stage)) }
    for agent in agents {
      try agent.attach(to: stage.second)
      #expect(agent.history.isEmpty)
    }
    #expect(try stage.events(.tunnelOpened).map(\.tunnel) == tunnels)
    #expect(try stage.events(.tunnelUnexpectedClose).map(\.tunnel) == tunnels)
  }

  @Test func cs15ADeviceThatLostItsHistoryIsHeardFromItsFirstLine() throws {
    let stage = try Stage()
    let enrolled = try stage.enrol("pump-1")
    let former = twin(of: enrolled, "one", stage)
    let tunnels = [
      try live(former, stage), try live(former, stage),
      try live(twin(of: enrolled, "one", stage), stage),
    ]
    #expect(try stage.events(.tunnelUnexpectedClose).map(\.tunnel) == tunnels)
  }

  @Test func aReportThatNamesNoHistoryHasACountOfItsOwn() throws {
    let stage = try Stage()
    let nameless = try stage.enrol("pump-1")
    let named = twin(of: nameless, "one", stage)
    let tunnels = [
      try live(nameless, stage), try live(named, stage), try live(nameless, stage),
    ]
    #expect(try stage.events(.tunnelOpened).map(\.tunnel) == tunnels)
  }

  @Test func aDeviceThatComesBackIsNotToldAgain() throws {
    let stage = try Stage()
    let enrolled = try stage.enrol("pump-1")
    let device = twin(of: enrolled, "one", stage)
    _ = try live(device, stage)
    try stage.broker.removeDevice(device.product, by: stage.admin)
    device.caller = try stage.enrol("pump-1").caller
    try device.attach(to: stage.broker)
    #expect(try stage.events(.tunnelOpened).count == 1)
  }

  @Test func theHistoryThatWasNotReportedForLongestIsForgotten() {
    var random = SeededRandom(seed: 4)
    let ids = (0...HistoryCounts.namedMax).map { _ in HistoryID(using: &random) }
    var counts = HistoryCounts(unnamed: 3)
    for id in ids.dropLast() { counts.set(7, of: id) }
    #expect(counts.named.count == HistoryCounts.namedMax)
    counts.set(8, of: ids[0])
    counts.set(9, of: ids.last)
    #expect(counts.named.count == HistoryCounts.namedMax)
    #expect(counts[ids[0]] == 8)
    #expect(counts[ids[1]] == 0)
    #expect(counts[ids.last] == 9)
    #expect(counts[nil] == 3)
  }
}
