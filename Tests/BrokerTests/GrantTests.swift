import ConnectionService
import Primitives
import Testing

@testable import Broker

@Suite(.timeLimit(.minutes(5))) struct GrantTests {
  /// What a gateway that follows the events from the beginning allows.
  private func followed(_ stage: Stage) throws -> Set<Grant> {
    var grants: Set<Grant> = []
    for event in try stage.events() {
      switch try stage.broker.grantChange(for: event) {
      case .all(let all): grants = Set(all)
      case .granted(let grant): grants.insert(grant)
      case .revoked(let id): grants = grants.filter { $0.connection != id }
      case nil: continue
      }
    }
    return grants
  }

  @Test func cs25AGrantStandsWhileTheConnectionIsUpAndNoLonger() throws {
    let stage = try Stage()
    let device = try stage.attach()
    let id = try stage.connect(device).id
    #expect(try stage.broker.grants().isEmpty)
    try device.work(stage.broker, using: &stage.random)
    let grant = Grant(
      connection: id, operatorUser: "vpn-ann", deviceUser: "pump-1", deviceAddress: "10.99.0.7")
    #expect(try stage.broker.grants() == [grant])
    let opened = try #require(try stage.events(.connectionOpened).last)
    #expect(try stage.broker.grantChange(for: opened) == .granted(grant: grant))

    _ = try stage.broker.close(id, key: nil, by: stage.ann)
    #expect(try stage.broker.grants().isEmpty)
    let request = try #require(try stage.events().last)
    #expect(try stage.broker.grantChange(for: request) == .revoked(connection: id))
    #expect(try stage.broker.grantChange(for: opened) == nil, "an old event grants nothing")
  }

  @Test func cs25EveryWayToTheEndRevokes() throws {
    let ends: [(Stage, ModelDevice, ConnectionID) throws -> Void] = [
      { stage, device, id in _ = try stage.broker.close(id, key: nil, by: stage.admin) },
      { stage, device, _ in
        _ = try stage.broker.closeAll(device.product, key: nil, by: stage.bob)
      },
      { stage, device, _ in try stage.broker.removeDevice(device.product, by: stage.admin) },
      { stage, device, _ in
        device.loseTunnel(.deadPeer)
        try device.report(to: stage.second)
      },
      { stage, device, _ in
        device.connections = []
        try device.report(to: stage.second)
      },
    ]
    for end in ends {
      let stage = try Stage()
      let device = try stage.attach()
      let id = try stage.open(device).id
      #expect(try followed(stage).count == 1)
      try end(stage, device, id)
      #expect(try followed(stage).isEmpty)
      #expect(try stage.broker.grants().isEmpty)
    }
  }

  @Test func anAdministratorSeesTheGrantsOfItsOwnOrganisationAndAGatewayAll() throws {
    let stage = try Stage()
    let id = try stage.open(try stage.attach()).id
    let foreign = try stage.enrol("valve-1", by: stage.stranger)
    try foreign.attach(to: stage.broker)
    let other = try stage.connect(foreign, by: stage.stranger).id
    try foreign.work(stage.broker, using: &stage.random)
    #expect(try stage.broker.grants(by: stage.admin).map(\.connection) == [id])
    #expect(try stage.broker.grants(by: stage.stranger).map(\.connection) == [other])
    let gateway = try stage.person("gw-1", .gateway)
    #expect(Set(try stage.broker.grants(by: gateway).map(\.connection)) == [id, other])
    for caller in [stage.ann, stage.viewer, foreign.caller] {
      #expect(code { try stage.broker.grants(by: caller) } == .forbidden)
    }
  }

  @Test func theUsersNameIsTheVPNUserWhenTheTokenNamesNone() throws {
    let stage = try Stage()
    let device = try stage.attach()
    let token = try stage.broker.createToken(
      TokenRequest(user: try name("zoe"), role: .operator), by: stage.admin, using: &stage.random)
    _ = try stage.open(device, by: try stage.broker.authenticate(token.token))
    #expect(try stage.broker.grants().map(\.operatorUser) == ["zoe"])
  }

  @Test func gatewaysAreAdmittedByTheBrokersOwnOrganisationOnly() throws {
    let stage = try Stage()
    let gateway = try stage.person("gw-1", .gateway)
    try stage.broker.gatewayAttached(gateway)
    try stage.broker.gatewayDetached(gateway)
    #expect(try stage.events(.gatewayAttached).map(\.actor) == ["gw-1"])
    #expect(code { try stage.broker.gatewayAttached(stage.admin) } == .forbidden)
    let request = TokenRequest(user: try name("gw-2"), role: .gateway)
    #expect(
      code { try stage.broker.createToken(request, by: stage.stranger, using: &stage.random) }
        == .forbidden)
  }
}
