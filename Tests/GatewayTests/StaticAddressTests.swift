import Dataplane
import Endpoint
import Gateway
import Primitives
import Testing

/// A user's own address, and who of his sessions has it.
@Suite(.timeLimit(.minutes(5))) struct StaticAddressTests {
  private static let mine = IPv4Address(10, 0, 0, 77)

  private func site(rules: TunnelRules = TunnelRules()) throws -> ClearSite {
    try ClearSite(
      rules: rules,
      users: [ClearSite.user(0) { $0.staticAddress = Self.mine }, ClearSite.user(1)])
  }

  private func ends(_ site: ClearSite) -> [CloseReason?] {
    site.gateway.host.endpoint.sessionViews.map(\.end?.cause.reason)
  }

  /// The client crashed, said nothing, and dials again long before its old session is found dead.
  @Test func theNewestSessionOfAUserTakesTheAddressOver() throws {
    let site = try site()
    let (dead, first) = try site.connect(user: 0)
    #expect(dead.inner == Self.mine)
    dead.isSilent = true
    let (again, second) = try site.connect(user: 0)
    #expect(again.inner == Self.mine)
    let (other, third) = try site.connect(user: 1)
    try site.gateway.allowForwarding(
      between: second, and: third, at: site.now, using: &site.random)
    #expect(site.send([7], from: other, to: Self.mine) == .send(.udp1701))
    #expect(again.delivered.map(\.last) == [7])
    site.run(for: .seconds(20))
    #expect(ends(site) == [.policyRefused, nil, nil])
    let detail = site.gateway.host.endpoint.sessionViews.first { $0.id == first }?.end?.cause.detail
    #expect(detail == "another session of user0 took its static address over")
    // The end of the older gives nothing back that is the newer's.
    let leases = site.gateway.leaseCount
    #expect(leases == 2)
    #expect(site.send([8], from: other, to: Self.mine) == .send(.udp1701))
    site.hangUp(again)
    let left = site.gateway.leaseCount
    #expect(left == 1)
  }

  @Test func theOlderSingleShotTunnelIsSpentAndTheNewerIsNot() throws {
    let site = try site(rules: TunnelRules(isSingleShot: true))
    let (dead, _) = try site.connect(user: 0)
    dead.isSilent = true
    _ = try site.connect(user: 0)
    site.run(for: .seconds(20))
    #expect(ends(site) == [.policyRefused, nil])
    let tunnels = site.gateway.host.endpoint.tunnelViews.map(\.end?.cause.reason)
    #expect(tunnels == [.singleShotSpent, nil])
  }
}
