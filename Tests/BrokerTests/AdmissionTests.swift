import ConnectionService
import Primitives
import Testing

@testable import Broker

@Suite(.timeLimit(.minutes(5))) struct AdmissionTests {
  @Test func theFirstStartMakesOneAdministratorAndNoOther() throws {
    let store = MemoryStore()
    var random = SeededRandom(seed: 4)
    let broker = Broker(name: try name("b"), store: store, policy: BrokerPolicy())
    let token = try #require(try broker.start(using: &random))
    #expect(token.hasPrefix("dbt_"))
    #expect(token.utf8.count == 47)
    #expect(try broker.start(using: &random) == nil)
    let caller = try broker.authenticate(token)
    #expect(caller.role == .admin)
    #expect(caller.organisation == .defaultOrganisation)
  }

  @Test func badTokensLookAlike() throws {
    let stage = try Stage()
    let short = TokenRequest(user: try name("tom"), role: .viewer, lifetimeSeconds: 60)
    let expired = try stage.broker.createToken(short, by: stage.admin, using: &stage.random)
    let revoked = try stage.broker.createToken(short, by: stage.admin, using: &stage.random)
    let device = try stage.enrol("pump-1")
    try stage.broker.revokeToken(revoked.view.id, by: stage.admin)
    try stage.broker.revokeToken(revoked.view.id, by: stage.admin)
    #expect(try stage.broker.authenticate(expired.token).user.text == "tom")
    stage.advance(.seconds(60))
    try stage.broker.removeDevice(device.product, by: stage.admin)
    let long = "dbt_" + String(repeating: "a", count: 100_000)
    let unknown = Tokens.make(using: &stage.random)
    for token in [expired.token, revoked.token, device.token, unknown, long, "", "dbt_", "\u{0}"] {
      do {
        _ = try stage.broker.authenticate(token)
        Issue.record("a bad token is good")
      } catch { #expect(error == .unauthenticated) }
    }
    #expect(try stage.events(.tokenRevoked).count == 1)
  }

  @Test func aCodeAdmitsOneDeviceOnceAndForADay() throws {
    let stage = try Stage()
    let request = EnrolmentRequest(productID: try product("pump-1"), name: "The pump")
    let replaced = try stage.broker.createEnrolment(request, by: stage.admin, using: &stage.random)
    let good = try stage.broker.createEnrolment(request, by: stage.admin, using: &stage.random)
    func enrol(_ typed: String) -> Refusal.Code? {
      code { try stage.broker.enrol(EnrolRequest(code: typed), using: &stage.random) }
    }
    #expect(enrol(replaced.code) == .enrolmentCodeInvalid)
    #expect(enrol("") == .enrolmentCodeInvalid)
    #expect(enrol(String(repeating: "z", count: 100_000)) == .enrolmentCodeInvalid)
    let typed = good.code.uppercased().split(separator: "-").joined(separator: " ")
    #expect(enrol(typed) == nil, "case and grouping do not matter")
    #expect(enrol(good.code) == .enrolmentCodeInvalid)
    #expect(try stage.broker.device(request.productID, by: stage.viewer).name == "The pump")

    let other = EnrolmentRequest(productID: try product("pump-2"))
    let late = try stage.broker.createEnrolment(other, by: stage.admin, using: &stage.random)
    stage.advance(.seconds(86_400))
    #expect(enrol(late.code) == .enrolmentCodeInvalid)
  }

  @Test func aProductIDIsTakenInEveryOrganisation() throws {
    let stage = try Stage()
    let device = try stage.enrol("pump-1")
    let request = EnrolmentRequest(productID: device.product)
    for caller in [stage.admin, stage.stranger] {
      #expect(
        code { try stage.broker.createEnrolment(request, by: caller, using: &stage.random) }
          == .productIDTaken)
    }
    try stage.broker.removeDevice(device.product, by: stage.admin)
    #expect(
      code { try stage.broker.createEnrolment(request, by: stage.stranger, using: &stage.random) }
        == .productIDTaken, "also a removed one of another organisation")
    _ = try stage.broker.createEnrolment(request, by: stage.admin, using: &stage.random)
  }

  @Test func ofTwoOrganisationsThatAnnounceOneDeviceTheFirstToEnrolHasIt() throws {
    let stage = try Stage()
    let request = EnrolmentRequest(productID: try product("pump-1"))
    let ours = try stage.broker.createEnrolment(request, by: stage.admin, using: &stage.random)
    // Announcing it elsewhere replaces the first announcement.
    let theirs = try stage.broker.createEnrolment(request, by: stage.stranger, using: &stage.random)
    #expect(
      code { try stage.broker.enrol(EnrolRequest(code: ours.code), using: &stage.random) }
        == .enrolmentCodeInvalid)
    let reply = try stage.broker.enrol(EnrolRequest(code: theirs.code), using: &stage.random)
    #expect(reply.organisation == stage.stranger.organisation)
  }

  @Test func removingADeviceClosesItsConnectionsAndEndsItsStream() throws {
    let stage = try Stage()
    let device = try stage.attach()
    let up = try stage.open(device).id
    let waiting = try stage.connect(device, ConnectRequest(parameters: .given)).id
    try stage.broker.removeDevice(device.product, by: stage.admin)
    #expect(try stage.view(up).reason == .administrator)
    #expect(try stage.view(waiting).failure?.code == .connectionClosed)
    #expect(
      code { try stage.broker.renew(device.product, epoch: device.epoch, as: device.instance) }
        == .epochOutdated)
    #expect(code { try stage.commands(device) } == .epochOutdated)
    #expect(code { try device.report(to: stage.broker) } == .unauthenticated)
    #expect(code { try stage.broker.authenticate(device.token) } == .unauthenticated)
    #expect(
      code { try stage.broker.removeDevice(device.product, by: stage.admin) } == .deviceUnknown)
    #expect(try stage.events().last?.kind == .deviceRemoved)
    let commands = try stage.store.transact { (rows) throws(Refusal) in
      try rows.commands(of: device.product, limit: 10)
    }
    #expect(commands.isEmpty, "credentials go with their commands")
  }

  @Test func aDeviceThatComesBackIsAnotherOneToItsOldTokenAndTheSameToItsHistory() throws {
    let stage = try Stage()
    let device = try stage.attach()
    _ = try stage.open(device)
    device.loseTunnel(.deadPeer)
    let lost = device.history
    try device.report(to: stage.broker)
    try stage.broker.removeDevice(device.product, by: stage.admin)
    let back = try stage.enrol("pump-1")
    #expect(code { try stage.broker.authenticate(device.token) } == .unauthenticated)
    back.history = lost
    try back.attach(to: stage.broker)
    #expect(back.epoch > device.epoch)
    #expect(try stage.events(.tunnelUnexpectedClose).count == 1)
  }

  @Test func aDevicesStreamEndsWithItsToken() throws {
    let stage = try Stage()
    let device = try stage.attach()
    try stage.broker.revokeToken(device.caller.tokenID, by: stage.admin)
    #expect(
      code { try stage.broker.renew(device.product, epoch: device.epoch, as: device.instance) }
        == .epochOutdated)
    #expect(
      code { try stage.broker.attach(device.caller, as: device.instance) } == .unauthenticated)
    #expect(try stage.broker.device(device.product, by: stage.viewer).online == false)
  }

  @Test func tokensOfAnotherOrganisationAreNotThere() throws {
    let stage = try Stage()
    for id in [stage.stranger.tokenID, "k-nothing", "", "a b", "nul\u{0}"] {
      #expect(code { try stage.broker.revokeToken(id, by: stage.admin) } == .notFound)
    }
    let page = try stage.broker.tokens(by: stage.stranger, after: nil, limit: 10)
    #expect(page.items.map(\.id) == [stage.stranger.tokenID])
  }

  @Test func tokenRequestsAreChecked() throws {
    let stage = try Stage()
    let tom = try name("tom")
    let bad = [
      TokenRequest(user: tom, role: .device),
      TokenRequest(user: tom, role: .viewer, lifetimeSeconds: 0),
      TokenRequest(user: tom, role: .viewer, lifetimeSeconds: .max),
      TokenRequest(user: tom, role: .operator, vpnUser: ""),
      TokenRequest(user: tom, role: .operator, vpnUser: "a\u{0}b"),
    ]
    for request in bad {
      #expect(
        code { try stage.broker.createToken(request, by: stage.admin, using: &stage.random) }
          == .badRequest)
    }
  }

  @Test func namesAndLifetimesAreTakenUpToTheirMaximumAndNotPastIt() throws {
    let stage = try Stage()
    let tom = try name("tom")
    func isTaken(_ bytes: Int, _ seconds: Int64) throws -> Bool {
      let request = TokenRequest(
        user: tom, role: .operator, lifetimeSeconds: seconds,
        vpnUser: String(repeating: "v", count: bytes))
      return code { try stage.broker.createToken(request, by: stage.admin, using: &stage.random) }
        != .badRequest
    }
    #expect(try isTaken(Limits.nameBytesMax, Limits.tokenLifetimeSecondsMax))
    #expect(try isTaken(1, 1))
    #expect(try !isTaken(Limits.nameBytesMax + 1, 1))
    #expect(try !isTaken(1, Limits.tokenLifetimeSecondsMax + 1))
    for (bytes, refusal) in [(100, nil), (101, Refusal.Code.badRequest)] {
      let request = EnrolmentRequest(
        productID: try product("pump-9"), name: String(repeating: "n", count: bytes))
      #expect(
        code { try stage.broker.createEnrolment(request, by: stage.admin, using: &stage.random) }
          == refusal)
    }
  }

  @Test func pagesHoldEverythingOnce() throws {
    let stage = try Stage()
    for number in 0..<7 { _ = try stage.enrol("pump-\(number)") }
    var products: [String] = []
    var after: ProductID?
    repeat {
      let page = try stage.broker.devices(by: stage.viewer, after: after, limit: 3)
      #expect(page.items.count <= 3)
      products += page.items.map(\.productID.text)
      after = page.next.flatMap { ProductID($0) }
    } while after != nil
    #expect(products == (0..<7).map { "pump-\($0)" })

    var tokens: [String] = []
    var last: String?
    repeat {
      let page = try stage.broker.tokens(by: stage.admin, after: last, limit: 4)
      tokens += page.items.map(\.id)
      last = page.next
    } while last != nil
    #expect(Set(tokens).count == 11)
    #expect(tokens == tokens.sorted())
  }
}
