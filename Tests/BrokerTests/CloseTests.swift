import ConnectionService
import Primitives
import Testing

@testable import Broker

@Suite(.timeLimit(.minutes(5))) struct CloseTests {
  @Test func cs6TheLastCloseTakesTheTunnelAlong() throws {
    let stage = try Stage()
    let device = try stage.attach()
    let first = try stage.open(device)
    let second = try stage.open(device, by: stage.bob)
    _ = try stage.broker.close(first.id, key: nil, by: stage.ann)
    try device.work(stage.broker, using: &stage.random)
    #expect(device.tunnel != nil)
    stage.advance(.seconds(90))
    _ = try stage.broker.close(second.id, key: nil, by: stage.bob)
    try device.work(stage.broker, using: &stage.random)
    #expect(device.tunnel == nil)
    let view = try stage.view(second.id)
    #expect(view.phase == .closed)
    #expect(view.reason == .requested)
    #expect(view.closedBy == "bob")
    #expect(view.failure == nil)
    let closed = try stage.events(.tunnelClosed)
    #expect(closed.map(\.reason) == [.lastConnectionClosed])
    #expect(closed.map(\.bytes) == [4096])
    #expect(try stage.events(.connectionClosed).map(\.durationSeconds) == [0, 90])
    #expect(try stage.events(.tunnelUnexpectedClose).isEmpty)
  }

  @Test func anOperatorClosesItsOwnAndAnAdministratorAny() throws {
    let stage = try Stage()
    let device = try stage.attach()
    let id = try stage.open(device, by: stage.ann).id
    #expect(code { try stage.broker.close(id, key: nil, by: stage.bob) } == .forbidden)
    #expect(code { try stage.broker.close(id, key: nil, by: stage.viewer) } == .forbidden)
    #expect(try stage.view(id).phase == .up)
    #expect(try stage.broker.close(id, key: nil, by: stage.admin).phase == .closing)
    try device.work(stage.broker, using: &stage.random)
    #expect(try stage.view(id).closedBy == "admin")
  }

  @Test func aConnectionIsClosedBeforeItStands() throws {
    let stage = try Stage()
    let device = try stage.attach()
    let id = try stage.connect(device, ConnectRequest(parameters: .given)).id
    _ = try stage.broker.close(id, key: nil, by: stage.ann)
    let commands = try stage.commands(device)
    #expect(commands.map(\.action) == [.close(connection: id, reason: .requested)])
    // The device reports while it knows nothing of either.
    try device.report(to: stage.broker)
    #expect(try stage.view(id).phase == .closing)
    try device.work(stage.broker, using: &stage.random)
    let view = try stage.view(id)
    #expect(view.phase == .closed)
    #expect(view.failure?.code == .connectionClosed)
    #expect(try stage.events(.connectionFailed).count == 1)
    #expect(try stage.events(.connectionClosed).isEmpty)
  }

  @Test func theAnswerOfAConnectThatACloseHasOvertakenChangesNothing() throws {
    let stage = try Stage()
    let device = try stage.attach()
    let id = try stage.connect(device).id
    device.obey(try stage.commands(device), using: &stage.random)
    _ = try stage.broker.close(id, key: nil, by: stage.ann)
    try device.report(to: stage.broker)
    #expect(try stage.view(id).phase == .closing)
    try device.work(stage.broker, using: &stage.random)
    #expect(try stage.view(id).phase == .closed)
    #expect(device.connections.isEmpty)
    #expect(try stage.live(device).isEmpty)
  }

  @Test func aCloseOfADeviceThatIsAwayWaitsForItAndGivesItsSlotBackInTime() throws {
    let stage = try Stage()
    let device = try stage.attach()
    let id = try stage.open(device).id
    try stage.broker.detach(device.product, epoch: device.epoch)
    #expect(try stage.broker.close(id, key: nil, by: stage.ann).phase == .closing)
    stage.advance(.seconds(60))
    try stage.broker.sweep()
    #expect(try stage.view(id).phase == .closed)
    #expect(try stage.view(id).reason == .requested)
    #expect(device.connections == [id])
    try device.attach(to: stage.second)
    try device.work(stage.second, using: &stage.random)
    #expect(device.connections.isEmpty)
    #expect(try stage.commands(device).isEmpty)
    #expect(try stage.events(.connectionClosed).count == 1)
  }

  @Test func whatTheDeviceTellsOfTheEndIsTheReason() throws {
    let stage = try Stage()
    let device = try stage.attach()
    let id = try stage.open(device).id
    device.loseTunnel(.inactivity)
    _ = try stage.broker.close(id, key: nil, by: stage.ann)
    try device.report(to: stage.broker)
    let view = try stage.view(id)
    #expect(view.reason == .inactivity)
    #expect(view.closedBy == nil)
    try device.work(stage.broker, using: &stage.random)
    #expect(try stage.commands(device).isEmpty)
    #expect(try stage.events(.connectionClosed).count == 1)
  }

  @Test func cs7CloseAllOfADeviceWithoutConnectionsStillReachesIt() throws {
    let stage = try Stage()
    let device = try stage.attach()
    #expect(try stage.broker.closeAll(device.product, key: nil, by: stage.ann).items.isEmpty)
    #expect(try stage.commands(device).map(\.action) == [.closeAll(reason: .closeAll)])
    _ = try stage.broker.closeAll(device.product, key: nil, by: stage.ann)
    #expect(try stage.commands(device).count == 1)
    try device.work(stage.broker, using: &stage.random)
    try stage.broker.detach(device.product, epoch: device.epoch)
    #expect(
      code { try stage.broker.closeAll(device.product, key: nil, by: stage.ann) }
        == .deviceOffline)
    #expect(
      code { try stage.broker.closeAll(device.product, key: nil, by: stage.stranger) }
        == .deviceUnknown)
  }

  @Test func aDeviceThatDoesNotCloseIsAskedAgain() throws {
    let stage = try Stage()
    let device = try stage.attach()
    let id = try stage.open(device).id
    _ = try stage.broker.close(id, key: nil, by: stage.ann)
    let command = try #require(try stage.commands(device).first)
    device.answers = [DeviceAnswer(command: command.id, outcome: .refused(refusal: .tunnelClosing))]
    try device.report(to: stage.broker)
    #expect(try stage.view(id).phase == .closing)
    let again = try stage.commands(device)
    #expect(again.map(\.action) == [.close(connection: id, reason: .requested)])
    #expect(again.map(\.id) != [command.id])
  }
}
