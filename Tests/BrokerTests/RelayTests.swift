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
    #expect(try stage.broker.relayed(other).historySequence == 0)
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
    #expect(ledger.begin(view, connections: [], acknowledged: 0, head: head) == head)
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
    #expect(try stage.broker.relayed(id).historySequence == event.sequence)

    // A carrier that counts anew is followed all the same.
    #expect(
      ledger.begin(view, connections: [], acknowledged: event.sequence, head: 40) == 40)
    event.sequence = 41
    ledger.receive(event)
    while let report = ledger.report(epoch: epoch) {
      ledger.posted(report, try stage.broker.receive(report, from: relayed.caller))
    }
    #expect(try stage.events(.tunnelUnexpectedClose).count == 2)
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
