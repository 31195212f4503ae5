import ConnectionService
import Primitives
import Testing

@testable import Broker

@Suite(.timeLimit(.minutes(5))) struct BadInputTests {
  static let timeouts: [(asked: Int64?, given: Int64, clamped: Bool)] = [
    (0, 300, true), (-1, 300, true), (299, 300, true), (300, 300, false), (3600, 3600, false),
    (3601, 3600, true), (.max, 3600, true), (.min, 300, true), (nil, 1200, false),
  ]

  @Test(arguments: timeouts)
  func badInput60TheTimeoutIsClampedAndToldBack(
    _ timeout: (asked: Int64?, given: Int64, clamped: Bool)
  ) throws {
    let stage = try Stage()
    let device = try stage.attach()
    let request = ConnectRequest(inactivitySeconds: timeout.asked)
    let id = try stage.connect(device, request).id
    try device.work(stage.broker, using: &stage.random)
    let view = try stage.view(id)
    #expect(view.inactivitySeconds == timeout.given)
    #expect(view.inactivityWasClamped == timeout.clamped)
  }

  @Test func badInput60ADevicesOwnTimeoutOutOfBoundsIsNotShown() throws {
    let stage = try Stage()
    let device = try stage.attach()
    let id = try stage.connect(device).id
    let command = try #require(try stage.commands(device).first)
    let json = #"{"seconds": -9223372036854775808, "wasClamped": false}"#
    var facts = device.facts(id, TunnelID(using: &stage.random))
    facts.inactivity = try decoded(json)
    device.answers = [DeviceAnswer(command: command.id, outcome: .connected(facts: facts))]
    var words = device.words
    words.state.connections = [id]
    _ = try stage.broker.receive(words, from: device.caller)
    #expect(try stage.view(id).inactivitySeconds == 300)
  }

  @Test func badInput60TheEleventhTheUnknownAndTheOfflineAreTold() throws {
    let stage = try Stage()
    let device = try stage.attach()
    let asleep = try stage.enrol("asleep")
    for _ in 1...10 { _ = try stage.open(device) }
    let nobody = ModelDevice(try product("nobody"), device.caller, "")
    #expect(code { try stage.connect(device, by: stage.bob) } == .connectionLimit)
    #expect(code { try stage.connect(nobody) } == .deviceUnknown)
    #expect(code { try stage.connect(asleep) } == .deviceOffline)
  }

  @Test func badInput60AConnectDuringTeardownIsToldToWait() throws {
    let stage = try Stage()
    let device = try stage.attach()
    _ = try stage.open(device)
    _ = try stage.broker.closeAll(device.product, key: nil, by: stage.ann)
    #expect(code { try stage.connect(device) } == .tunnelClosing)
  }

  @Test func badInput61CloseTwiceIsAClearErrorAndTouchesNothingElse() throws {
    let stage = try Stage()
    let device = try stage.attach()
    let id = try stage.open(device).id
    let other = try stage.open(device).id
    _ = try stage.broker.close(id, key: nil, by: stage.ann)
    #expect(try stage.second.close(id, key: nil, by: stage.ann).phase == .closing)
    #expect(try stage.commands(device).count == 1)
    try device.work(stage.broker, using: &stage.random)
    #expect(code { try stage.broker.close(id, key: nil, by: stage.ann) } == .connectionClosed)
    #expect(try stage.view(other).phase == .up)
    #expect(try stage.events(.connectionClosed).count == 1)
  }

  @Test func badInput61AForeignIDLooksUnknown() throws {
    let stage = try Stage()
    let device = try stage.attach()
    let id = try stage.open(device).id
    let unknown = ConnectionID(using: &stage.random)
    for asked in [id, unknown] {
      do {
        _ = try stage.broker.close(asked, key: nil, by: stage.stranger)
        Issue.record("a foreign close went through")
      } catch { #expect(error == .connectionUnknown(asked)) }
    }
    #expect(try stage.view(id).phase == .up)
  }

  @Test func badInput61CloseAllRacingConnectLeavesNothingBehind() throws {
    let stage = try Stage()
    let device = try stage.attach()
    let up = try stage.open(device).id
    // The device has the connect already when everything is closed.
    let racing = try stage.connect(device, by: stage.bob).id
    device.obey(try stage.commands(device), using: &stage.random)
    let closing = try stage.second.closeAll(device.product, key: nil, by: stage.ann).items
    #expect(Set(closing.map(\.id)) == [up, racing])
    try device.report(to: stage.broker)
    try device.work(stage.broker, using: &stage.random)
    #expect(try stage.live(device).isEmpty)
    #expect(try stage.commands(device).isEmpty)
    #expect(device.tunnel == nil)
    #expect(try stage.view(up).reason == .closeAll)
    #expect(try stage.view(racing).phase == .closed)
    #expect(try stage.open(device).phase == .up)
  }

  @Test func badInput61CloseRacingCloseAllClosesOnce() throws {
    let stage = try Stage()
    let device = try stage.attach()
    let id = try stage.open(device).id
    _ = try stage.broker.close(id, key: nil, by: stage.ann)
    _ = try stage.second.closeAll(device.product, key: nil, by: stage.bob)
    _ = try stage.broker.close(id, key: nil, by: stage.ann)
    try device.work(stage.broker, using: &stage.random)
    #expect(try stage.live(device).isEmpty)
    #expect(try stage.commands(device).isEmpty)
    #expect(try stage.view(id).closedBy == "ann")
    #expect(try stage.events(.connectionClosed).count == 1)
    #expect(try stage.events(.closeRequested).count == 1)
  }

  @Test func badInput61TheLastCloseRacingANewConnectMiscountsNothing() throws {
    for connectFirst in [true, false] {
      let stage = try Stage()
      let device = try stage.attach()
      let last = try stage.open(device).id
      let racing: ConnectionID
      if connectFirst {
        racing = try stage.connect(device, by: stage.bob).id
        _ = try stage.broker.close(last, key: nil, by: stage.ann)
      } else {
        _ = try stage.broker.close(last, key: nil, by: stage.ann)
        racing = try stage.connect(device, by: stage.bob).id
      }
      try device.work(stage.broker, using: &stage.random)
      #expect(try stage.view(last).phase == .closed)
      #expect(try stage.view(racing).phase == .up)
      #expect(try stage.live(device).map(\.view.id) == [racing])
      #expect(device.connections == [racing])
      #expect(try stage.broker.device(device.product, by: stage.ann).connections == 1)
      let tunnels = try stage.events(.tunnelOpened).count
      #expect(tunnels == (connectFirst ? 1 : 2))
    }
  }

  @Test func badInput62TheStreamDropsBetweenUpAndAcknowledged() throws {
    let stage = try Stage()
    let device = try stage.attach()
    let id = try stage.connect(device).id
    device.obey(try stage.commands(device), using: &stage.random)
    // The answer never arrives; the device comes to another broker and hears the command again.
    device.answers = []
    try device.attach(to: stage.second)
    #expect(try stage.view(id).phase == .requested)
    try device.work(stage.second, using: &stage.random)
    #expect(try stage.view(id).phase == .up)
    #expect(device.connections == [id])
    #expect(try stage.events(.connectionOpened).count == 1)
    #expect(try stage.events(.tunnelOpened).count == 1)
  }

  @Test func badInput62AStaleBrokersCommandCarriesAnOldEpoch() throws {
    let stage = try Stage()
    let device = try stage.attach()
    _ = try stage.connect(device)
    let stale = try stage.commands(device)
    try device.attach(to: stage.second)
    #expect(stale.count == 1)
    #expect(stale.allSatisfy { $0.epoch < device.epoch })
    #expect(
      code { try stage.broker.commands(for: device.product, epoch: device.epoch - 1) }
        == .epochOutdated)
  }

  @Test func badInput62RegisterAndDeleteRaceEndsInOneOfTheTwo() throws {
    // Deleted while its first attachment is on its way.
    let stage = try Stage()
    let device = try stage.enrol("pump-1")
    try stage.broker.removeDevice(device.product, by: stage.admin)
    #expect(code { try device.attach(to: stage.second) } == .unauthenticated)
    // Announced again while the old agent still runs: the old token stays dead.
    let back = try stage.enrol("pump-1")
    #expect(code { try device.attach(to: stage.second) } == .unauthenticated)
    try back.attach(to: stage.broker)
    #expect(try stage.open(back).phase == .up)
    // Deleted before the announced device came: it is not there to delete, and comes.
    let request = EnrolmentRequest(productID: try product("pump-2"))
    let enrolment = try stage.broker.createEnrolment(request, by: stage.admin, using: &stage.random)
    #expect(
      code { try stage.broker.removeDevice(request.productID, by: stage.admin) } == .deviceUnknown)
    _ = try stage.broker.enrol(EnrolRequest(code: enrolment.code), using: &stage.random)
  }
}
