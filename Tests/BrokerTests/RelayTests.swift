import ConnectionService
import Primitives
import Testing

@testable import Broker

@Suite(.timeLimit(.minutes(5))) struct RelayTests {
  @Test func cs23AConnectTravelsThroughBothBrokersAndItsAnswerComesBack() throws {
    let chain = try RelayChain()
    let view = try chain.open()
    #expect(view.phase == .up)
    #expect(view.vpnAddress == "10.99.0.7")
    let there = try #require(try chain.claims()[view.id])
    #expect(there.id != view.id)
    #expect(there.user == chain.application.user)
    #expect(there.tunnel == view.tunnel)
    #expect(there.note == "for ann, \(view.id): fix it")
    let grants = try chain.ours.broker.grants()
    #expect(grants.map(\.connection) == [view.id])
  }

  @Test func cs23TheDeviceCannotTellTheDifference() throws {
    let chain = try RelayChain()
    _ = try chain.connect()
    try chain.settle()
    let command = try #require(try chain.carrier.commands(chain.device).first)
    guard case .connect(let order) = command.action else { throw Refusal.epochOutdated }
    #expect(order.note == "fix it")
    #expect(order.user == chain.application.user)
    #expect(order.organisation == chain.application.organisation)
    #expect(order.parameters == VPNParameters.named("site"))
  }

  @Test func aSecondUserSharesTheTunnelAndTheLastCloseEndsIt() throws {
    let chain = try RelayChain()
    let first = try chain.open()
    let second = try chain.open(by: chain.ours.bob)
    #expect(second.tunnel == first.tunnel)
    _ = try chain.ours.broker.close(first.id, key: nil, by: chain.ours.ann)
    try chain.run()
    #expect(try chain.ours.view(first.id).reason == .requested)
    #expect(chain.device.tunnel != nil)
    _ = try chain.ours.broker.close(second.id, key: nil, by: chain.ours.bob)
    try chain.run()
    #expect(try chain.ours.view(second.id).closedBy == "bob")
    #expect(chain.device.tunnel == nil)
    #expect(try chain.ours.events(.tunnelClosed).map(\.reason) == [.lastConnectionClosed])
    #expect(try chain.ours.events(.tunnelUnexpectedClose).isEmpty)
  }

  @Test func closeAllClosesTheCarriersToo() throws {
    let chain = try RelayChain()
    for _ in 0..<3 { _ = try chain.open() }
    _ = try chain.ours.broker.closeAll(chain.product, key: nil, by: chain.ours.ann)
    try chain.run()
    #expect(try chain.live().isEmpty)
    #expect(try chain.claims().isEmpty)
    #expect(chain.device.tunnel == nil)
    #expect(try chain.open().phase == .up, "the device is not taken for closing any more")
  }

  @Test func cs13And23ALostTunnelIsOneUnexpectedCloseWithItsReason() throws {
    let chain = try RelayChain()
    let views = [try chain.open(), try chain.open(by: chain.ours.bob)]
    chain.device.loseTunnel(.deadPeer)
    try chain.run()
    for view in views { #expect(try chain.ours.view(view.id).reason == .deadPeer) }
    let events = try chain.ours.events(.tunnelUnexpectedClose)
    #expect(events.map(\.reason) == [.deadPeer])
    #expect(events.first?.tunnel == views[0].tunnel)
    #expect(events.first?.bytes == 4096)
    try chain.restart()
    #expect(try chain.ours.events(.tunnelUnexpectedClose).count == 1)
    #expect(try chain.carrier.events(.tunnelUnexpectedClose).count == 1)
  }

  @Test func aTunnelThatIsLostWhileOurBrokerIsDownIsToldOnceWithItsReason() throws {
    let chain = try RelayChain()
    let view = try chain.open()
    try chain.lose()
    chain.device.loseTunnel(.inactivity)
    try chain.device.report(to: chain.carrier.broker)
    try chain.restart()
    #expect(try chain.ours.view(view.id).reason == .inactivity)
    #expect(try chain.ours.events(.tunnelUnexpectedClose).map(\.reason) == [.inactivity])
    #expect(try chain.ours.events(.connectRequested).count == 1, "nothing is dialled again")
    #expect(try chain.carrier.events(.connectRequested).count == 1)
  }

  @Test func aRestartOfOurBrokerKeepsWhoIsWho() throws {
    let chain = try RelayChain()
    let view = try chain.open()
    try chain.restart()
    #expect(try chain.ours.view(view.id).phase == .up)
    _ = try chain.ours.broker.close(view.id, key: nil, by: chain.ours.ann)
    try chain.run()
    #expect(try chain.claims().isEmpty)
    #expect(try chain.ours.view(view.id).reason == .requested)
  }

  @Test func aConnectThatARestartInterruptsMakesOneConnection() throws {
    let chain = try RelayChain()
    let id = try chain.connect()
    try chain.settle()
    try chain.restart()
    try chain.run()
    #expect(try chain.ours.view(id).phase == .up)
    #expect(try chain.carrier.events(.connectRequested).count == 1)
  }

  @Test func aConnectThatComesUpAfterItsUserWentIsUndone() throws {
    let chain = try RelayChain()
    let id = try chain.connect()
    try chain.settle()
    chain.advance(.seconds(44))
    try chain.device.report(to: chain.carrier.broker)
    try chain.settle()
    _ = try chain.ours.broker.close(id, key: nil, by: chain.ours.ann)
    try chain.run()
    try chain.run()
    #expect(try chain.ours.view(id).phase == .closed)
    #expect(try chain.claims().isEmpty)
    #expect(chain.device.tunnel == nil)
  }

  @Test func cs23WhatTheCarriersPolicyRefusesTheUserIsTold() throws {
    var rule = PolicyRule(.refuse)
    rule.users = [try name("bob")]
    rule.because = "Bob is not known to the carrier."
    let chain = try RelayChain(policy: Policy(brokers: [try name("acme")], rules: [rule]))
    let view = try chain.open(by: chain.ours.bob)
    #expect(view.failure?.code == .policyRefused)
    #expect(view.failure?.detail == rule.because)
    #expect(try chain.open().phase == .up)
  }

  @Test func aCloseThatTheCarrierRefusesIsToldAndAskedForAgain() throws {
    let start = Timestamp(milliseconds: 1_800_000_000_000)
    let minute = Int(start.milliseconds / 60_000 % 1440)
    var rule = PolicyRule(.refuse)
    rule.requests = [.close]
    rule.hours = .init(beginMinute: minute, endMinute: minute + 2)
    let chain = try RelayChain(policy: Policy(rules: [rule]))
    let view = try chain.open()
    _ = try chain.ours.broker.close(view.id, key: nil, by: chain.ours.ann)
    try chain.settle()
    let refused = try chain.ours.view(view.id)
    #expect(refused.phase == .closing)
    #expect(refused.failure?.code == .policyRefused)
    #expect(try chain.ours.broker.grants().isEmpty)
    let told = try chain.ours.events(.requestRefused)
    #expect(told.map(\.connection) == [view.id])
    for _ in 0..<4 {
      chain.advance(.seconds(40))
      try chain.ours.broker.renew(
        chain.product, epoch: chain.ours.epoch(of: chain.product), as: nil)
      try chain.ours.broker.sweep()
      try chain.run()
    }
    #expect(try chain.claims().isEmpty)
    let closed = try chain.ours.view(view.id)
    #expect(closed.phase == .closed)
    #expect(closed.failure == nil)
    #expect(closed.reason == .requested)
  }

  @Test func anOfflineDeviceIsOfflineThroughTheChain() throws {
    let chain = try RelayChain()
    try chain.carrier.broker.detach(chain.product, epoch: chain.device.epoch)
    let id = try chain.connect()
    try chain.settle()
    #expect(try chain.ours.view(id).failure?.code == .deviceOffline)
    #expect(!chain.ledger.isOnline)
    try chain.lose()
    #expect(code { try chain.connect() } == .deviceOffline)
  }

  @Test func adoptingTakesNoDeviceThatHasAnAgent() throws {
    let stage = try Stage()
    let device = try stage.enrol("press-1")
    #expect(
      code { try stage.broker.adopt(device.product, using: &stage.random) } == .productIDTaken)
    let other = try product("press-2")
    try stage.broker.adopt(other, using: &stage.random)
    try stage.broker.adopt(other, using: &stage.random)
    #expect(try stage.events(.deviceEnrolled).count == 2)
    try stage.broker.removeDevice(other, by: stage.admin)
    #expect(code { try stage.broker.relayed(other) } == .deviceUnknown)
    try stage.broker.adopt(other, using: &stage.random)
    #expect(try stage.broker.relayed(other).histories == HistoryCounts())
  }

  @Test func aCarrierThatHasCountedFarIsFollowedFromItsEnd() throws {
    let stage = try Stage()
    let id = try product("press-1")
    try stage.broker.adopt(id, using: &stage.random)
    let relayed = try stage.broker.relayed(id)
    var ledger = RelayLedger(product: id, user: try name("acme"))
    let head: UInt64 = 700_000_000
    var view = DeviceView(
      productID: id, name: "x", online: true, enrolledAt: .init(milliseconds: 0))
    view.connectionsMax = 10
    let first = Self.beginning("a")
    #expect(
      ledger.begin(
        view, connections: [], first: first, acknowledged: HistoryCounts(), head: head) == head)
    var event = ServiceEvent(.tunnelUnexpectedClose, actor: "device", product: id)
    event.sequence = head + 5_000_000
    event.tunnel = TunnelID(using: &stage.random)
    event.reason = .deadPeer
    ledger.receive(event)
    let epoch = try stage.broker.attach(relayed.caller, as: nil)
    while let report = ledger.report(epoch: epoch) {
      ledger.posted(report, try stage.broker.receive(report, from: relayed.caller))
    }
    #expect(try stage.events(.tunnelUnexpectedClose).map(\.reason) == [.deadPeer])
    let histories = try stage.broker.relayed(id).histories
    #expect(histories[HistoryID(recordThatBeginsWith: first)] == event.sequence)

    // A carrier whose record was put back from older times is followed all the same.
    #expect(
      ledger.begin(view, connections: [], first: first, acknowledged: histories, head: 40) == 40)
    event.sequence = 41
    ledger.receive(event)
    while let report = ledger.report(epoch: epoch) {
      ledger.posted(report, try stage.broker.receive(report, from: relayed.caller))
    }
    #expect(try stage.events(.tunnelUnexpectedClose).count == 2)
  }

  /// What our broker has of one record of the carrier's says nothing of another.
  @Test func cs13AnotherRecordOfTheCarrierIsReadOnWhereItWasLeft() throws {
    let stage = try Stage()
    let id = try product("press-1")
    try stage.broker.adopt(id, using: &stage.random)
    let caller = try stage.broker.relayed(id).caller
    let epoch = try stage.broker.attach(caller, as: nil)
    let view = DeviceView(
      productID: id, name: "x", online: true, enrolledAt: .init(milliseconds: 0))
    var ledger = RelayLedger(product: id, user: try name("acme"))
    func begin(_ first: String, head: UInt64) throws -> UInt64 {
      ledger.begin(
        view, connections: [], first: Self.beginning(first),
        acknowledged: try stage.broker.relayed(id).histories, head: head)
    }
    func lose(at sequence: UInt64) throws {
      var event = ServiceEvent(.tunnelUnexpectedClose, actor: "device", product: id)
      event.sequence = sequence
      event.tunnel = TunnelID(using: &stage.random)
      event.reason = .deadPeer
      ledger.receive(event)
      while let report = ledger.report(epoch: epoch) {
        ledger.posted(report, try stage.broker.receive(report, from: caller))
      }
    }
    #expect(try begin("a", head: 500) == 500)
    try lose(at: 510)
    // The carrier has a new database.
    #expect(try begin("b", head: 40) == 40)
    try lose(at: 41)
    // Our broker is started again, when the new record has outgrown the old one.
    ledger = RelayLedger(product: id, user: try name("acme"))
    #expect(try begin("b", head: 600) == 41)
    try lose(at: 50)
    #expect(try stage.events(.tunnelUnexpectedClose).count == 3)
  }

  /// Of a carrier that knows the device since now.
  @Test func aRecordThatBeginsWhileItIsFollowedIsNamed() throws {
    let id = try product("press-1")
    var ledger = RelayLedger(product: id, user: try name("acme"))
    let view = DeviceView(
      productID: id, name: "x", online: false, enrolledAt: .init(milliseconds: 0))
    _ = ledger.begin(
      view, connections: [], first: nil, acknowledged: HistoryCounts(), head: 70_000_000)
    #expect(ledger.historyID == nil)
    var event = Self.beginning("c")
    event.product = id
    event.sequence = 70_000_001
    ledger.receive(event)
    #expect(ledger.historyID == HistoryID(recordThatBeginsWith: event))
    event = ServiceEvent(.tunnelUnexpectedClose, actor: "device", product: id)
    event.sequence = 70_000_002
    ledger.receive(event)
    // Our broker has none of this record's lines, and takes only so many at once.
    #expect(ledger.history.first?.sequence ?? .max <= Limits.historyGapMax)
    #expect(ledger.history.last?.sequence == 70_000_002)
  }

  private static func beginning(_ digit: String) -> ServiceEvent {
    var event = ServiceEvent(.deviceEnrolled, actor: "admin")
    event.hash = String(repeating: digit, count: 64)
    return event
  }

  @Test func othersConnectionsAndNotesAreNoneOfOurs() throws {
    let chain = try RelayChain()
    let view = try chain.open()
    let note = RelayNote(user: try name("ann"), connection: view.id, words: nil).text
    let forged = try chain.carrier.connect(
      chain.device, by: chain.carrier.bob, ConnectRequest(note: note)
    ).id
    try chain.run()
    _ = try chain.carrier.broker.close(forged, key: nil, by: chain.carrier.bob)
    try chain.run()
    try chain.restart()
    #expect(try chain.ours.view(view.id).phase == .up)
  }
}

extension Stage {
  func epoch(of product: ProductID) throws -> UInt64 {
    try store.transact { (rows) throws(Refusal) in
      try rows.device(product, locking: false)?.epoch ?? 0
    }
  }
}
