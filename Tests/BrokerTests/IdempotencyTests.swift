import ConnectionService
import Testing

@testable import Broker

@Suite(.timeLimit(.minutes(5))) struct IdempotencyTests {
  @Test func cs2TheSameKeyAndRequestGiveTheSameConnectionAsItIsNow() throws {
    let stage = try Stage()
    let device = try stage.attach()
    let first = try stage.connect(device, ConnectRequest(parameters: .given), key: "k-1")
    try device.work(stage.broker, using: &stage.random)
    let again = try stage.connect(device, ConnectRequest(parameters: .given), key: "k-1")
    #expect(again.id == first.id)
    #expect(again.phase == .up)
    #expect(try stage.live(device).count == 1)
    #expect(try stage.events(.connectRequested).count == 1)
  }

  @Test func aReplayIsAnsweredThoughTheDeviceIsOfflineNow() throws {
    let stage = try Stage()
    let device = try stage.attach()
    let first = try stage.connect(device, key: "k")
    try stage.broker.detach(device.product, epoch: device.epoch)
    #expect(try stage.connect(device, key: "k").id == first.id)
  }

  @Test func anotherRequestUnderTheSameKeyIsAConflict() throws {
    let stage = try Stage()
    let device = try stage.attach()
    let other = try stage.attach("pump-2")
    let first = try stage.connect(device, ConnectRequest(parameters: .given), key: "k")
    var changed = VPNParameters.given
    changed.credentials = .given(
      GivenCredentials(preSharedKey: "psk-7731", user: "pump", password: "another"))
    #expect(
      code { try stage.connect(device, ConnectRequest(parameters: changed), key: "k") }
        == .idempotencyConflict)
    #expect(code { try stage.connect(other, key: "k") } == .idempotencyConflict)
    #expect(
      code { try stage.broker.close(first.id, key: "k", by: stage.ann) } == .idempotencyConflict)
    #expect(
      code { try stage.broker.closeAll(device.product, key: "k", by: stage.ann) }
        == .idempotencyConflict)
    #expect(try stage.live(device).count == 1)
  }

  @Test func keysOfTwoTokensAreTwoKeys() throws {
    let stage = try Stage()
    let device = try stage.attach()
    let first = try stage.connect(device, by: stage.ann, key: "k")
    let second = try stage.connect(device, by: stage.bob, key: "k")
    #expect(first.id != second.id)
  }

  @Test func aRefusedRequestLeavesItsKeyFree() throws {
    let stage = try Stage()
    let device = try stage.enrol("pump-1")
    #expect(code { try stage.connect(device, key: "k") } == .deviceOffline)
    try device.attach(to: stage.broker)
    #expect(try stage.connect(device, key: "k").phase == .requested)
  }

  @Test func aKeyIsForgottenAfterADay() throws {
    let stage = try Stage()
    let device = try stage.attach()
    let first = try stage.connect(device, key: "k")
    stage.advance(.seconds(86_400))
    try stage.broker.sweep()
    try device.attach(to: stage.broker)
    stage.advance(.milliseconds(1))
    try stage.broker.sweep()
    #expect(try stage.connect(device, key: "k").id != first.id)
  }

  @Test(arguments: ["", "two words", "ü", String(repeating: "k", count: 129), "tab\t"])
  func noKeyIsAKey(_ key: String) throws {
    let stage = try Stage()
    let device = try stage.attach()
    #expect(code { try stage.connect(device, key: key) } == .badRequest)
    #expect(try stage.live(device).isEmpty)
  }

  @Test func cs8CloseUnderItsKeyIsAnsweredAgainWhenItIsOver() throws {
    let stage = try Stage()
    let device = try stage.attach()
    let id = try stage.open(device).id
    #expect(try stage.broker.close(id, key: "c", by: stage.ann).phase == .closing)
    try device.work(stage.broker, using: &stage.random)
    #expect(try stage.broker.close(id, key: "c", by: stage.ann).phase == .closed)
    #expect(code { try stage.broker.close(id, key: "d", by: stage.ann) } == .connectionClosed)
  }

  @Test func cs8CloseAllUnderItsKeyClosesNothingThatCameLater() throws {
    let stage = try Stage()
    let device = try stage.attach()
    _ = try stage.open(device)
    #expect(
      try stage.broker.closeAll(device.product, key: "a", by: stage.ann).items.count == 1)
    try device.work(stage.broker, using: &stage.random)
    let later = try stage.open(device)
    #expect(try stage.broker.closeAll(device.product, key: "a", by: stage.ann).items.isEmpty)
    #expect(try stage.view(later.id).phase == .up)
  }
}
