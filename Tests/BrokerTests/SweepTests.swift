import ConnectionService
import Primitives
import Testing

@testable import Broker

@Suite(.timeLimit(.minutes(5))) struct SweepTests {
  @Test func anAnswerThatComesTooLateIsUndone() throws {
    let stage = try Stage()
    let device = try stage.attach()
    let id = try stage.connect(device).id
    device.obey(try stage.commands(device), using: &stage.random)
    stage.advance(.seconds(60))
    try stage.broker.sweep()
    try stage.second.sweep()
    let view = try stage.view(id)
    #expect(view.failure == .deviceTimeout)
    #expect(view.reason == .retriesExhausted)
    #expect(try stage.live(device).isEmpty)

    try device.report(to: stage.broker)
    #expect(try stage.view(id).phase == .closed)
    #expect(
      try stage.commands(device).map(\.action) == [
        .close(connection: id, reason: .retriesExhausted)
      ])
    try device.work(stage.broker, using: &stage.random)
    #expect(device.connections.isEmpty)
    #expect(device.tunnel == nil)
    #expect(try stage.commands(device).isEmpty)
    #expect(try stage.events(.connectionFailed).count == 1)
    #expect(try stage.events(.connectionOpened).isEmpty)
  }

  @Test func aConnectThatIsOverdueIsNotSentAgainAndItsCredentialsAreForgotten() throws {
    let stage = try Stage()
    let device = try stage.attach()
    let id = try stage.connect(device, ConnectRequest(parameters: .given)).id
    stage.advance(.seconds(60))
    try stage.broker.sweep()
    try device.attach(to: stage.second)
    #expect(
      try stage.commands(device).map(\.action) == [
        .close(connection: id, reason: .retriesExhausted)
      ])
  }

  @Test func nothingIsOverdueAMomentTooEarly() throws {
    let stage = try Stage()
    let device = try stage.attach()
    let id = try stage.connect(device).id
    stage.advance(.milliseconds(59_999))
    try stage.broker.sweep()
    #expect(try stage.view(id).phase == .requested)
    stage.advance(.milliseconds(1))
    try stage.broker.sweep()
    #expect(try stage.view(id).phase == .closed)
  }

  @Test func aSweepEndsOnlyWhatIsOverdue() throws {
    let stage = try Stage()
    let device = try stage.attach()
    let first = try stage.connect(device).id
    stage.advance(.seconds(30))
    let second = try stage.connect(device).id
    stage.advance(.seconds(30))
    try stage.broker.sweep()
    #expect(try stage.view(first).phase == .closed)
    #expect(try stage.view(second).phase == .requested)
  }

  @Test func aSweepOfAnUnreachableStoreIsRefusedAndDoesNothing() throws {
    let stage = try Stage()
    stage.store.failure = .unreachable
    #expect(code { try stage.broker.sweep() } == .storeUnavailable)
  }
}
