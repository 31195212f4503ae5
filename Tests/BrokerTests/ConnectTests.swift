import ConnectionService
import Primitives
import Testing

@testable import Broker

@Suite(.timeLimit(.minutes(5))) struct ConnectTests {
  @Test func cs2AConnectTravelsToTheDeviceAndBack() throws {
    let stage = try Stage()
    let device = try stage.attach()
    let request = ConnectRequest(inactivitySeconds: 20, note: "pump is stuck")
    let asked = try stage.connect(device, request)
    #expect(asked.phase == .requested)
    #expect(asked.note == "pump is stuck")
    let command = try #require(try stage.commands(device).first)
    guard case .connect(let order) = command.action else {
      Issue.record("no connect")
      return
    }
    #expect(order.connection == asked.id)
    #expect(order.parameters.inactivitySeconds == 20)
    #expect(command.epoch == device.epoch)

    stage.advance(.milliseconds(800))
    try device.work(stage.broker, using: &stage.random)
    let view = try stage.view(asked.id)
    #expect(view.phase == .up)
    #expect(view.vpnAddress == "10.99.0.7")
    #expect(view.tunnel == device.tunnel)
    #expect(view.inactivitySeconds == 300)
    #expect(view.inactivityWasClamped == true)
    #expect(try stage.commands(device).isEmpty)
    let kinds = try stage.events().map(\.kind).suffix(3)
    #expect(kinds == [.connectRequested, .tunnelOpened, .connectionOpened])
  }

  @Test func cs1AConnectCarriesItsParametersUnreadAndWhoAsksAsTheCredentialSays() throws {
    let stage = try Stage()
    let device = try stage.attach()
    // No such gateway can be: that is for the device to find out.
    var parameters = VPNParameters.given
    parameters.gateway = "no gateway at all"
    parameters.inactivitySeconds = -5
    let asked = try stage.connect(
      device, by: stage.bob, ConnectRequest(note: "pump is stuck", parameters: parameters))
    let command = try #require(try stage.commands(device).first)
    guard case .connect(let order) = command.action else {
      Issue.record("no connect")
      return
    }
    #expect(order.connection == asked.id)
    #expect(order.organisation == stage.bob.organisation)
    #expect(order.user == stage.bob.user)
    #expect(order.parameters == parameters)
    #expect(order.note == "pump is stuck")
    #expect(asked.user == stage.bob.user)
    _ = try stage.connect(device)
    guard case .connect(let other) = try #require(try stage.commands(device).last).action else {
      Issue.record("no connect")
      return
    }
    #expect(other.user == stage.ann.user)
    #expect(other.parameters == .named("site"), "the broker's default, where none are given")
  }

  @Test func cs3LaterConnectsShareTheTunnelAndItsAddress() throws {
    let stage = try Stage()
    let device = try stage.attach()
    let first = try stage.open(device)
    let second = try stage.open(device, by: stage.bob)
    #expect(first.id != second.id)
    #expect(first.vpnAddress == second.vpnAddress)
    #expect(first.tunnel == second.tunnel)
    #expect(try stage.events(.tunnelOpened).count == 1)
  }

  @Test func cs3TenConnectionsAreTheLimitAndTheEleventhIsRefused() throws {
    let stage = try Stage()
    let device = try stage.attach()
    for _ in 1...10 { _ = try stage.connect(device) }
    #expect(code { try stage.connect(device, by: stage.bob) } == .connectionLimit)
    try device.work(stage.broker, using: &stage.random)
    #expect(code { try stage.connect(device, by: stage.bob) } == .connectionLimit)
    let live = try stage.live(device)
    #expect(live.map(\.slot) == Array(1...10))
    #expect(live.allSatisfy { $0.view.phase == .up })

    _ = try stage.broker.close(live[3].view.id, key: nil, by: stage.ann)
    #expect(code { try stage.connect(device) } == .connectionLimit, "closing holds its slot")
    try device.work(stage.broker, using: &stage.random)
    _ = try stage.connect(device)
    #expect(try stage.live(device).map(\.slot) == Array(1...10))
  }

  @Test func cs3And27ConcurrentConnectsThroughTwoBrokersEachGetTheirOwnSlot() throws {
    let stage = try Stage()
    let device = try stage.attach()
    for number in 0..<6 {
      let broker = number % 2 == 0 ? stage.broker : stage.second
      _ = try broker.connect(
        device.product, ConnectRequest(), key: nil, by: stage.ann, using: &stage.random)
    }
    try device.work(stage.broker, using: &stage.random)
    let live = try stage.live(device)
    #expect(live.map(\.slot) == Array(1...6))
    #expect(Set(live.map(\.view.id)).count == 6)
    #expect(Set(live.compactMap(\.view.tunnel)).count == 1)
  }

  @Test func cs22UnknownForeignAndRemovedDevicesLookAlike() throws {
    let stage = try Stage()
    let device = try stage.attach()
    let unknown = try #require(ProductID("nobody"))
    func refusal(_ product: ProductID, _ caller: Caller) -> Refusal? {
      do {
        _ = try stage.broker.connect(
          product, ConnectRequest(), key: nil, by: caller, using: &stage.random)
        return nil
      } catch { return error }
    }
    #expect(refusal(unknown, stage.ann) == .deviceUnknown(unknown))
    // While it is there, its own organisation alone sees it and reaches it.
    #expect(try stage.broker.device(device.product, by: stage.ann).productID == device.product)
    #expect(refusal(device.product, stage.stranger) == .deviceUnknown(device.product))
    #expect(code { try stage.broker.device(device.product, by: stage.stranger) } == .deviceUnknown)
    #expect(try stage.live(device).isEmpty)
    #expect(refusal(device.product, stage.ann) == nil)
    try stage.broker.removeDevice(device.product, by: stage.admin)
    #expect(refusal(device.product, stage.ann) == .deviceUnknown(device.product))
    #expect(code { try stage.broker.device(device.product, by: stage.ann) } == .deviceUnknown)
    #expect(code { try stage.broker.device(device.product, by: stage.stranger) } == .deviceUnknown)
  }

  @Test func cs22ADeviceThatIsNotAttachedIsOffline() throws {
    let stage = try Stage()
    let device = try stage.enrol("pump-1")
    #expect(code { try stage.connect(device) } == .deviceOffline)
    try device.attach(to: stage.broker)
    stage.advance(.seconds(45))
    #expect(code { try stage.connect(device) } == .deviceOffline, "the lease is over")
    try stage.broker.renew(device.product, epoch: device.epoch, as: device.instance)
    _ = try stage.connect(device)
    try stage.broker.detach(device.product, epoch: device.epoch)
    #expect(code { try stage.connect(device) } == .deviceOffline)
  }

  @Test func cs4AFailedEstablishmentReachesEverybodyWhoWaited() throws {
    let stage = try Stage()
    let device = try stage.attach()
    let ids = [try stage.connect(device).id, try stage.connect(device, by: stage.bob).id]
    let refusal = Refusal(
      .establishmentFailed, "no answer", cause: "gateway down", nextStep: "wait",
      reason: .retriesExhausted)
    device.answers = try stage.commands(device).map {
      DeviceAnswer(command: $0.id, outcome: .refused(refusal: refusal))
    }
    try device.report(to: stage.broker)
    for id in ids {
      let view = try stage.view(id)
      #expect(view.phase == .closed)
      #expect(view.failure == refusal)
      #expect(view.reason == .retriesExhausted)
    }
    let failed = try stage.events(.connectionFailed)
    #expect(failed.map(\.code) == [.establishmentFailed, .establishmentFailed])
    #expect(try stage.live(device).isEmpty)
  }

  @Test func aConnectWhileTheDeviceIsClosingIsRefused() throws {
    let stage = try Stage()
    let device = try stage.attach()
    _ = try stage.open(device)
    _ = try stage.broker.closeAll(device.product, key: nil, by: stage.bob)
    #expect(code { try stage.connect(device) } == .tunnelClosing)
    var words = device.words
    words.state = DeviceState(phase: .closing)
    _ = try stage.broker.receive(words, from: device.caller)
    #expect(code { try stage.connect(device) } == .tunnelClosing)
    try device.work(stage.broker, using: &stage.random)
    #expect(try stage.open(device).phase == .up)
  }

  @Test func aConnectWithoutParametersNeedsADefault() throws {
    let stage = try Stage(parameters: nil)
    let device = try stage.attach()
    #expect(code { try stage.connect(device) } == .badRequest)
    _ = try stage.connect(device, ConnectRequest(parameters: .given))
  }

  @Test func aNoteOfFiveHundredBytesIsTheLongest() throws {
    let stage = try Stage()
    let device = try stage.attach()
    let longest = String(repeating: "é", count: 250)
    _ = try stage.connect(device, ConnectRequest(note: longest))
    for note in [longest + "x", "", "two\nlines", "bell\u{7}", "nul\u{0}"] {
      #expect(code { try stage.connect(device, ConnectRequest(note: note)) } == .badRequest)
    }
  }

  @Test func oversizedParametersAreRefused() throws {
    let stage = try Stage()
    let device = try stage.attach()
    let long = String(repeating: "x", count: 1001)
    var gateway = VPNParameters.given
    gateway.gateway = String(repeating: "g", count: 256)
    let psk = VPNParameters(
      credentials: .given(GivenCredentials(preSharedKey: long, user: "u", password: "p")))
    let empty = VPNParameters(
      credentials: .given(GivenCredentials(preSharedKey: "k", user: "u", password: "")))
    for parameters in [gateway, psk, empty] {
      let request = ConnectRequest(parameters: parameters)
      #expect(code { try stage.connect(device, request) } == .badRequest)
    }
  }

  @Test func credentialsAndAGatewayAreTakenUpToTheirMaximum() throws {
    let stage = try Stage()
    let device = try stage.attach()
    let longest = String(repeating: "x", count: Limits.credentialBytesMax)
    let parameters = VPNParameters(
      gateway: String(repeating: "g", count: 255),
      credentials: .given(
        GivenCredentials(preSharedKey: longest, user: longest, password: longest)))
    #expect(try stage.connect(device, ConnectRequest(parameters: parameters)).phase == .requested)
  }

  @Test func aDeviceThatNeverAnswersDoesNotCollectCommandsForEver() throws {
    let stage = try Stage()
    let device = try stage.attach()
    var refused = false
    for _ in 0..<100 {
      do { _ = try stage.connect(device) } catch {
        #expect((error as? Refusal)?.code == .overloaded)
        refused = true
      }
      stage.advance(.seconds(61))
      try stage.broker.sweep()
      try stage.broker.renew(device.product, epoch: device.epoch, as: device.instance)
      #expect(try stage.commands(device).count <= Limits.commandsMax)
    }
    #expect(refused)
  }
}
