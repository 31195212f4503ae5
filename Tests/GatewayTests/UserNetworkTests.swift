import Dataplane
import Endpoint
import Gateway
import Primitives
import Testing

/// Networks behind users.
@Suite(.timeLimit(.minutes(5))) struct UserNetworkTests {
  private let printer = IPv4Address(172, 16, 5, 9)

  private func site(_ networks: [IPPrefix]) throws -> ClearSite {
    try ClearSite(users: [ClearSite.user(0) { $0.routes = networks }, ClearSite.user(1)])
  }

  private func network(_ third: UInt8) throws -> IPPrefix {
    try #require(IPPrefix(.v4(IPv4Address(172, 16, third, 0)), lengthBits: 24))
  }

  @Test func packetsComeFromAndGoToTheNetworkBehindAUser() throws {
    let site = try site([try network(5)])
    let (router, first) = try site.connect()
    let (other, second) = try site.connect()
    try site.gateway.allowForwarding(
      between: first, and: second, at: site.now, using: &site.random)
    #expect(site.send([1], from: other, to: printer) == .send(.udp1701))
    #expect(router.delivered.map(\.last) == [1])
    let server = IPv4Address(192, 0, 2, 1)
    #expect(site.send([2], from: router, to: server, as: printer) == .deliver)
    // Nobody else speaks for that network, and its router for no other.
    #expect(site.send([3], from: other, to: server, as: printer) == .done)
    #expect(site.send([4], from: router, to: server, as: IPv4Address(172, 16, 6, 1)) == .done)
    let spoofed = site.gateway.host.dataplane.drops[.spoofedSource]
    #expect(spoofed == 2)
    // The route goes with the session: what nobody has goes out.
    site.hangUp(router)
    #expect(site.send([5], from: other, to: printer) == .deliver)
  }

  @Test func networksPastTheMaximumAreLeftOut() throws {
    let networks = try (0...SessionConfiguration.sourcesMax).map { try network(UInt8($0)) }
    let site = try site(networks)
    let (router, _) = try site.connect()
    let server = IPv4Address(192, 0, 2, 1)
    #expect(site.send([1], from: router, to: server, as: IPv4Address(172, 16, 7, 1)) == .deliver)
    #expect(site.send([2], from: router, to: server, as: IPv4Address(172, 16, 8, 1)) == .done)
  }
}
