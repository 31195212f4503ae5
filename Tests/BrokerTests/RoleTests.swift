import ConnectionService
import Primitives
import Testing

@testable import Broker

/// Who may do what: every method against every role.
@Suite(.timeLimit(.minutes(5))) struct RoleTests {
  @Test(arguments: Role.allCases)
  func everyRoleDoesWhatItsLineSaysAndNothingElse(_ role: Role) throws {
    let stage = try Stage()
    let device = try stage.attach()
    let caller = role == .device ? device.caller : try stage.person("zoe", role)
    let broker = stage.broker
    let unknown = ConnectionID(using: &stage.random)
    let gone = try product("gone")

    func isForbidden<Result>(_ body: () throws -> Result) -> Bool { code(body) == .forbidden }
    let reads = [
      isForbidden { try broker.devices(by: caller, after: nil, limit: 1) },
      isForbidden { try broker.device(gone, by: caller) },
      isForbidden { try broker.connection(unknown, by: caller) },
      isForbidden { try broker.connections(ConnectionFilter(), by: caller) },
      isForbidden { try broker.events(EventFilter(), by: caller) },
    ]
    let acts = [
      isForbidden { try stage.connect(device, by: caller) },
      isForbidden { try broker.close(unknown, key: nil, by: caller) },
      isForbidden { try broker.closeAll(gone, key: nil, by: caller) },
    ]
    let administers = [
      isForbidden {
        try broker.createEnrolment(
          EnrolmentRequest(productID: gone), by: caller, using: &stage.random)
      },
      isForbidden { try broker.removeDevice(gone, by: caller) },
      isForbidden {
        try broker.createToken(
          TokenRequest(user: try name("u"), role: .viewer), by: caller, using: &stage.random)
      },
      isForbidden {
        try broker.createAdministrator(of: try name("third"), by: caller, using: &stage.random)
      },
      isForbidden { try broker.tokens(by: caller, after: nil, limit: 1) },
      isForbidden { try broker.revokeToken("k-none", by: caller) },
      isForbidden {
        try broker.createWebhook(
          WebhookRequest(url: "https://example.org"), by: caller, using: &stage.random)
      },
      isForbidden { try broker.webhooks(by: caller) },
      isForbidden { try broker.removeWebhook("w-none", by: caller) },
    ]
    let mayRead = [.viewer, .operator, .admin].contains(role)
    let mayAct = [.operator, .admin].contains(role)
    #expect(reads.allSatisfy { $0 == !mayRead })
    #expect(acts.allSatisfy { $0 == !mayAct })
    #expect(administers.allSatisfy { $0 == (role != .admin) })
    #expect(isForbidden { try broker.attach(caller, as: nil) } == (role != .device))
    #expect(isForbidden { try broker.gatewayAttached(caller) } == (role != .gateway))
  }

  @Test func anotherOrganisationSeesNothingOfOurs() throws {
    let stage = try Stage()
    let device = try stage.attach()
    let id = try stage.open(device).id
    let broker = stage.broker
    let stranger = stage.stranger
    #expect(code { try broker.connection(id, by: stranger) } == .connectionUnknown)
    #expect(code { try broker.close(id, key: nil, by: stranger) } == .connectionUnknown)
    #expect(code { try broker.removeDevice(device.product, by: stranger) } == .deviceUnknown)
    #expect(try broker.devices(by: stranger, after: nil, limit: 9).items.isEmpty)
    var connections = ConnectionFilter()
    connections.product = device.product
    #expect(try broker.connections(connections, by: stranger).items.isEmpty)
    var events = EventFilter()
    events.product = device.product
    #expect(try broker.events(events, by: stranger).items.isEmpty)
    #expect(
      code {
        try broker.createAdministrator(
          of: try name("third"), by: stranger, using: &stage.random)
      } == .forbidden)
  }
}
