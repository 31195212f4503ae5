import Agent
import Endpoint
import Gateway
import Primitives
import Testing

/// Addresses of the gateway, as agents see them.
@Suite(.timeLimit(.minutes(5))) struct GatewayAddressTests {
  @Test func anExhaustedPoolRefusesTheNextAndServesItWhenOneLeaves() throws {
    let wire = try Wire(Configurations.gateway(addresses: 2))
    let first = try wire.dial(0)
    _ = try wire.dial(1)
    let third = try wire.dial(2)
    wire.run(for: .seconds(10))
    #expect(third.network == nil)
    let told = wire.gatewayEvents.compactMap {
      if case .sessionClosed(_, .policyRefused, let detail) = $0 { detail } else { nil }
    }
    #expect(told == ["every address of the pool is in use"])
    let leased = wire.gateway.leaseCount
    #expect(leased == 2)
    wire.close(first, .requested)
    let fourth = try wire.dial(3)
    #expect(fourth.network != nil)
    let after = wire.gateway.leaseCount
    #expect(after == 2)
  }

  @Test func aStaticAddressServesTheNewestSessionOfItsUser() throws {
    var users = (0..<4).map(Configurations.user)
    let mine = IPv4Address(10, 0, 0, 5)
    users[0].staticAddress = mine
    let wire = try Wire(Configurations.gateway(users: users))
    let first = try wire.dial(0)
    #expect(first.network?.localAddress == mine)
    let second = try wire.dial(1, user: 0)
    wire.run(for: .seconds(10))
    #expect(second.network?.localAddress == mine)
    #expect(first.cause == .peerClosed)
    wire.close(second, .requested)
    let third = try wire.dial(2, user: 0)
    #expect(third.network?.localAddress == mine)
    let others = try wire.dial(3)
    #expect(others.network.map { $0.localAddress != mine } == true)
  }

  @Test func aReloadKeepsSessionsAndNeverGivesTheirAddressesAgain() throws {
    let wire = try Wire(Configurations.gateway(addresses: 2))
    let first = try wire.dial(0)
    let address = try #require(first.network?.localAddress)
    // The user is gone, and the same addresses have another name.
    let users = (1..<4).map(Configurations.user)
    wire.gateway.reload(
      try Configurations.gateway(addresses: 2, pool: "renamed", users: users), at: wire.now,
      using: &wire.random)
    wire.settle()
    wire.run(for: .seconds(60))
    #expect(first.network?.localAddress == address)
    let second = try wire.dial(1)
    #expect(second.network.map { $0.localAddress != address } == true)
    let third = try wire.dial(2)
    wire.run(for: .seconds(10))
    #expect(third.network == nil)
    wire.close(first, .requested)
    let leased = wire.gateway.leaseCount
    #expect(leased == 1)
    let gone = try wire.dial(0)
    wire.run(for: .seconds(10))
    #expect(gone.cause == .authenticationFailed)
  }

  @Test func everyLeaseComesBackWhateverEndsTheSession() throws {
    let wire = try Wire(Configurations.gateway(addresses: 4))
    for index in 0..<4 { _ = try wire.dial(index) }
    let before = wire.gateway.leaseCount
    #expect(before == 4)
    wire.close(wire.ends[0], .requested)
    wire.gateway.host.endpoint.shutDown(at: wire.now, using: &wire.random)
    wire.gateway.host.settle(at: wire.now, using: &wire.random)
    wire.settle()
    wire.run(for: .seconds(30))
    let after = wire.gateway.leaseCount
    #expect(after == 0)
  }
}
