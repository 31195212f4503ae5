import ConnectionService
import Primitives
import Testing

@testable import Broker

@Suite(.timeLimit(.minutes(5))) struct AttachTests {
  @Test func unansweredCommandsComeAgainOnANewAttachmentWithItsEpoch() throws {
    let stage = try Stage()
    let device = try stage.attach()
    let id = try stage.connect(device).id
    let before = try stage.commands(device)
    try device.attach(to: stage.second)
    let after = try stage.second.commands(for: device.product, epoch: device.epoch)
    #expect(after.map(\.id) == before.map(\.id))
    #expect(after.map(\.epoch) == [device.epoch])
    #expect(before.map(\.epoch) == [device.epoch - 1])
    try device.work(stage.second, using: &stage.random)
    #expect(try stage.view(id).phase == .up)
  }

  @Test func cs21AnOlderEpochIsRefusedEverywhere() throws {
    let stage = try Stage()
    let device = try stage.attach()
    let old = device.epoch
    try device.attach(to: stage.second)
    #expect(code { try stage.broker.renew(device.product, epoch: old, as: nil) } == .epochOutdated)
    #expect(
      code { try stage.broker.commands(for: device.product, epoch: old) } == .epochOutdated)
    var words = device.words
    words.epoch = old
    #expect(code { try stage.broker.receive(words, from: device.caller) } == .epochOutdated)
    try stage.broker.detach(device.product, epoch: old)
    #expect(try stage.broker.device(device.product, by: stage.ann).online)
  }

  @Test func cs21OfTwoAgentsWithOneProductIDTheNewerWins() throws {
    let stage = try Stage()
    let first = try stage.attach()
    let twin = ModelDevice(
      first.product, first.caller, first.token, as: AgentInstance("twin"))
    try twin.attach(to: stage.second)
    #expect(twin.epoch > first.epoch)
    #expect(try stage.broker.isSuperseded(first.instance, on: first.product))
    #expect(try stage.broker.isSuperseded(nil, on: first.product))
    #expect(code { try first.report(to: stage.broker) } == .epochOutdated)
    let id = try stage.connect(first).id
    try twin.work(stage.second, using: &stage.random)
    #expect(try stage.view(id).phase == .up)
  }

  @Test func cs21AnAgentIsNotSupersededByItself() throws {
    let stage = try Stage()
    let device = try stage.attach()
    let epoch = device.epoch
    // An older request of the same agent, which another broker handles now.
    let late = try stage.second.attach(device.caller, as: device.instance)
    #expect(late > epoch)
    #expect(code { try stage.broker.commands(for: device.product, epoch: epoch) } == .epochOutdated)
    #expect(try !stage.broker.isSuperseded(device.instance, on: device.product))
    try device.attach(to: stage.broker)
    try stage.second.detach(device.product, epoch: late)
    #expect(try stage.broker.device(device.product, by: stage.ann).online)
    #expect(try stage.commands(device).isEmpty)
  }

  @Test func nobodyIsSupersededByAnAgentWithoutANameOrByNobody() throws {
    let stage = try Stage()
    let device = try stage.attach()
    let epoch = try stage.second.attach(device.caller, as: nil)
    #expect(try !stage.broker.isSuperseded(device.instance, on: device.product))
    try stage.second.detach(device.product, epoch: epoch)
    #expect(try !stage.broker.isSuperseded(device.instance, on: device.product))
    #expect(try !stage.broker.isSuperseded(device.instance, on: try product("unknown")))
  }

  @Test func removalAndRevocationSupersedeNobody() throws {
    let stage = try Stage()
    let removed = try stage.attach("pump-1")
    try stage.broker.removeDevice(removed.product, by: stage.admin)
    #expect(try !stage.broker.isSuperseded(removed.instance, on: removed.product))
    let revoked = try stage.attach("pump-2")
    try stage.broker.revokeToken(revoked.caller.tokenID, by: stage.admin)
    #expect(
      code { try stage.broker.commands(for: revoked.product, epoch: revoked.epoch) }
        == .epochOutdated)
    #expect(try !stage.broker.isSuperseded(revoked.instance, on: revoked.product))
  }

  @Test func aLeaseThatIsTakenUpAgainKeepsTheInstance() throws {
    let stage = try Stage()
    let device = try stage.attach()
    stage.advance(.seconds(100))
    try stage.second.sweep()
    try stage.broker.renew(device.product, epoch: device.epoch, as: device.instance)
    let other = AgentInstance("other")
    #expect(try stage.broker.isSuperseded(other, on: device.product))
    #expect(try !stage.broker.isSuperseded(device.instance, on: device.product))
  }

  @Test func cs20LosingTheStreamClosesNothing() throws {
    let stage = try Stage()
    let device = try stage.attach()
    let id = try stage.open(device).id
    stage.advance(.seconds(46))
    try stage.broker.sweep()
    #expect(try stage.broker.device(device.product, by: stage.ann).online == false)
    #expect(try stage.view(id).phase == .up)
    #expect(try stage.events(.deviceDetached).count == 1)
    try device.attach(to: stage.second)
    #expect(try stage.view(id).phase == .up)
  }

  @Test func aStreamThatStandsOutlivesASweepOfItsLease() throws {
    let stage = try Stage()
    let device = try stage.attach()
    stage.advance(.seconds(100))
    try stage.second.sweep()
    try stage.broker.renew(device.product, epoch: device.epoch, as: device.instance)
    #expect(try stage.broker.device(device.product, by: stage.ann).online)
    #expect(try stage.events(.deviceAttached).count == 2)
  }

  @Test func aReportWithoutAStreamIsHeardButAttachesNothing() throws {
    let stage = try Stage()
    let device = try stage.attach()
    let id = try stage.open(device).id
    try stage.broker.detach(device.product, epoch: device.epoch)
    device.loseTunnel(.deadPeer)
    try device.report(to: stage.second)
    #expect(try stage.view(id).reason == .deadPeer)
    #expect(try stage.broker.device(device.product, by: stage.ann).online == false)
  }

  @Test func aRefusalOfAnOlderEpochIsNoAnswer() throws {
    let stage = try Stage()
    let device = try stage.attach()
    let id = try stage.connect(device).id
    let command = try #require(try stage.commands(device).first)
    device.answers = [
      DeviceAnswer(command: command.id, outcome: .refused(refusal: .epochOutdated))
    ]
    try device.report(to: stage.broker)
    #expect(try stage.view(id).phase == .requested)
    try device.work(stage.broker, using: &stage.random)
    #expect(try stage.view(id).phase == .up)
  }

  @Test func onlyDevicesAttach() throws {
    let stage = try Stage()
    #expect(code { try stage.broker.attach(stage.admin, as: nil) } == .forbidden)
    let device = try stage.enrol("pump-1")
    try stage.broker.removeDevice(device.product, by: stage.admin)
    #expect(
      code { try stage.broker.attach(device.caller, as: device.instance) } == .unauthenticated)
  }
}
