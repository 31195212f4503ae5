import ConnectionService
import Primitives
import Testing

@testable import Broker

@Suite(.timeLimit(.minutes(5))) struct ReportTests {
  @Test func cs24AConnectionThatTheBrokerDoesNotKnowIsClosedOnTheDevice() throws {
    let stage = try Stage()
    let device = try stage.attach()
    let id = try stage.open(device).id
    let stray = ConnectionID(using: &stage.random)
    device.connections.append(stray)
    try device.report(to: stage.broker)
    try device.report(to: stage.broker)
    let commands = try stage.commands(device)
    #expect(commands.map(\.action) == [.close(connection: stray, reason: .brokerLost)])
    try device.work(stage.broker, using: &stage.random)
    #expect(device.connections == [id])
    #expect(try stage.commands(device).isEmpty)
  }

  @Test func cs24AConnectionThatTheDeviceLacksIsClosedWithTheReasonThatHistoryTells() throws {
    let stage = try Stage()
    let device = try stage.attach()
    let id = try stage.open(device).id
    device.loseTunnel(.deadPeer)
    stage.advance(.seconds(7))
    try device.report(to: stage.broker)
    let view = try stage.view(id)
    #expect(view.phase == .closed)
    #expect(view.reason == .deadPeer)
    #expect(try stage.events(.tunnelUnexpectedClose).map(\.reason) == [.deadPeer])
    #expect(try stage.events(.connectionClosed).map(\.actor) == ["device"])
  }

  @Test func aConnectionThatTheDeviceLacksWithoutAWordIsClosedToo() throws {
    let stage = try Stage()
    let device = try stage.attach()
    let id = try stage.open(device).id
    device.connections = []
    try device.report(to: stage.broker)
    #expect(try stage.view(id).phase == .closed)
    #expect(try stage.view(id).reason == .internalError)
  }

  @Test func nothingIsTakenForLostWhileTheHistoryIsNotToldToItsEnd() throws {
    let stage = try Stage()
    let device = try stage.attach()
    let id = try stage.open(device).id
    for _ in 0..<DeviceReport.historyMax { device.write(.agentStarted) }
    device.loseTunnel(.inactivity)
    try device.report(to: stage.broker)
    #expect(try stage.view(id).phase == .up)
    try device.report(to: stage.broker)
    #expect(try stage.view(id).reason == .inactivity)
    #expect(device.history.isEmpty)
  }

  @Test func aReportThatWasHeldUpDoesNotPassForThePresent() throws {
    let stage = try Stage()
    let device = try stage.attach()
    var early = device.words
    early.state.number = 1
    let id = try stage.connect(device).id
    device.obey(try stage.commands(device), using: &stage.random)
    var late = device.words
    late.state.number = 2
    _ = try stage.broker.receive(late, from: device.caller)
    _ = try stage.second.receive(early, from: device.caller)
    #expect(try stage.view(id).phase == .up)
    // A new attachment counts anew.
    device.epoch = try stage.broker.attach(device.caller, as: device.instance)
    early.epoch = device.epoch
    _ = try stage.second.receive(early, from: device.caller)
    #expect(try stage.view(id).phase == .closed)
  }

  @Test func theSameReportTwiceIsOne() throws {
    let stage = try Stage()
    let device = try stage.attach()
    let id = try stage.connect(device).id
    device.obey(try stage.commands(device), using: &stage.random)
    device.loseTunnel(.gatewayLost)
    let words = device.words
    let first = try stage.broker.receive(words, from: device.caller)
    let events = try stage.events()
    let second = try stage.second.receive(words, from: device.caller)
    #expect(first == second)
    #expect(try stage.events() == events)
    #expect(try stage.view(id).reason == .gatewayLost)
  }

  @Test func aWholeLifeInOneReportIsToldInItsOrder() throws {
    let stage = try Stage()
    let device = try stage.attach()
    _ = try stage.connect(device)
    device.obey(try stage.commands(device), using: &stage.random)
    device.loseTunnel(.deadPeer)
    try device.report(to: stage.broker)
    #expect(
      try stage.events().map(\.kind).suffix(5) == [
        .connectRequested, .tunnelOpened, .connectionOpened, .connectionClosed,
        .tunnelUnexpectedClose,
      ])
  }

  @Test func overlappingHistoryIsTakenOnce() throws {
    let stage = try Stage()
    let device = try stage.attach()
    _ = try stage.open(device)
    device.loseTunnel(.deadPeer)
    let words = device.words
    try device.report(to: stage.broker)
    _ = try stage.open(device)
    device.loseTunnel(.inactivity)
    var overlapping = device.words
    overlapping.history = words.history + overlapping.history
    _ = try stage.second.receive(overlapping, from: device.caller)
    let lost = try stage.events(.tunnelUnexpectedClose)
    #expect(lost.map(\.reason) == [.deadPeer, .inactivity])
    #expect(Set(lost.map(\.tunnel)).count == 2)
  }

  @Test func cs13And14OneUnexpectedCloseForEachLostTunnelThoughDeviceAndBrokerStartAgain() throws {
    let stage = try Stage()
    let device = try stage.attach()
    let id = try stage.open(device).id
    let tunnel = device.tunnel
    device.restart()
    let words = device.words
    // The receipt is lost with the broker; another one comes up on the same store.
    _ = try stage.broker.receive(words, from: device.caller)
    let third = Broker(name: try name("third"), store: stage.store, policy: BrokerPolicy())
    try device.attach(to: third)
    try device.report(to: third)
    let lost = try stage.events(.tunnelUnexpectedClose)
    #expect(lost.map(\.tunnel) == [tunnel])
    #expect(lost.map(\.reason) == [.internalError])
    #expect(try stage.view(id).phase == .closed)
    #expect(device.tunnel == nil)
  }

  @Test func theDeviceIsShownAsItReports() throws {
    let stage = try Stage()
    let device = try stage.attach()
    _ = try stage.open(device)
    let view = try stage.broker.device(device.product, by: stage.viewer)
    #expect(view.online)
    #expect(view.phase == .up)
    #expect(view.tunnel?.vpnAddress == "10.99.0.7")
    #expect(view.connections == 1)
    #expect(view.connectionsMax == 10)
    #expect(view.reportedAt == stage.store.clock)
    let page = try stage.broker.devices(by: stage.viewer, after: nil, limit: 10)
    #expect(page.items == [view])
    #expect(page.next == nil)
  }
}
