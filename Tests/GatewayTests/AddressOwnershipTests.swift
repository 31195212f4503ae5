import Dataplane
import Endpoint
import Gateway
import PPP
import Primitives
import Testing

/// Whose address is whose: a user's static one goes to nobody else, neither by chance nor by asking,
/// and a lease that lives is not taken from its session.
@Suite(.timeLimit(.minutes(5))) struct AddressOwnershipTests {
  private static let gateway = IPv4Address(10, 0, 0, 1)

  private static func address(_ last: UInt8) -> IPv4Address { IPv4Address(10, 0, 0, last) }

  /// A pool of 10.0.0.2 to 10.0.0.`last`, in which user 0 has 10.0.0.3.
  private func site(
    poolEnd last: UInt8 = 200, owner: IPv4Address = address(3)
  ) throws -> ClearSite {
    try ClearSite(
      users: [ClearSite.user(0) { $0.staticAddress = owner }] + (1..<6).map { ClearSite.user($0) }
    ) { $0.pools = ["pool": Self.address(2)...Self.address(last)] }
  }

  private func reasons(_ site: ClearSite) -> [CloseReason?] {
    site.gateway.host.endpoint.sessionViews.map(\.end?.cause.reason)
  }

  /// New users, everything else as it was.
  private func reload(_ site: ClearSite, users: [UserDirectory.User]) throws {
    var configuration: GatewayConfiguration?
    // A second site of the same kind knows what the first one was made of.
    _ = try ClearSite(users: users) {
      $0.pools = ["pool": Self.address(2)...Self.address(200)]
      configuration = $0
    }
    site.gateway.reload(try #require(configuration), at: site.now, using: &site.random)
    site.settle()
  }

  @Test func aStaticAddressIsNeverGivenFromThePool() throws {
    // Three addresses, of which one is user 0's, who is not there.
    let site = try site(poolEnd: 4)
    let (one, _) = try site.connect(user: 1)
    let (two, _) = try site.connect(user: 2)
    #expect([one.inner, two.inner] == [Self.address(2), Self.address(4)])
    let (three, _) = try site.connect(user: 3)
    site.run(for: .seconds(10))
    #expect(three.inner == nil)
    #expect(reasons(site) == [nil, nil, .policyRefused])
    let (owner, _) = try site.connect(user: 0)
    #expect(owner.inner == Self.address(3))
    // It comes back, and still belongs to nobody else.
    site.hangUp(owner)
    let (four, _) = try site.connect(user: 4)
    site.run(for: .seconds(10))
    #expect(four.inner == nil)
  }

  /// The static address of a user who is not there, of one who is, somebody's lease, and the
  /// gateway's own.
  @Test(arguments: ["absent owner", "present owner", "another's lease", "gateway"])
  func badInput57AskingForAnAddressDoesNotMakeItOnesOwn(whose: String) throws {
    let site = try site()
    let (neighbour, _) = try site.connect(user: 1)
    #expect(neighbour.inner == Self.address(2))
    var owner: ClearClient?
    if whose == "present owner" { owner = try site.connect(user: 0).0 }
    let wanted: IPv4Address =
      switch whose {
      case "another's lease": Self.address(2)
      case "gateway": Self.gateway
      default: Self.address(3)
      }
    let (thief, session) = try site.connect(user: 2) { $0.requestedAddress = wanted }
    let given = try #require(thief.inner)
    #expect(given == Self.address(4))
    #expect(given != wanted)
    // Nobody lost anything by it, and what is for the address goes where it belongs.
    #expect(reasons(site).allSatisfy { $0 == nil })
    #expect(neighbour.inner == Self.address(2))
    let other = site.gateway.host.endpoint.sessionViews.first?.id
    try site.gateway.allowForwarding(
      between: try #require(other), and: session, at: site.now, using: &site.random)
    #expect(site.send([9], from: thief, to: Self.address(2)) == .send(.udp1701))
    #expect(neighbour.delivered.map(\.last) == [9])
    #expect(site.send([9], from: thief, to: Self.address(2), as: wanted) == .done)
    #expect(neighbour.delivered.count == 1)
    if whose.hasSuffix("owner") {
      let late = try owner ?? site.connect(user: 0).0
      #expect(late.inner == Self.address(3))
    }
  }

  /// A reload gives a live session's address to somebody else: the session stays, the new owner
  /// waits until it ends.
  @Test func aLiveLeaseIsNotTakenByTheUserWhoseStaticAddressItBecomes() throws {
    let site = try site()
    let (holder, _) = try site.connect(user: 1)
    let leased = try #require(holder.inner)
    try reload(site, users: [ClearSite.user(1), ClearSite.user(2) { $0.staticAddress = leased }])
    let (newOwner, _) = try site.connect(user: 2)
    site.run(for: .seconds(10))
    #expect(newOwner.inner == nil)
    #expect(holder.inner == leased)
    #expect(reasons(site) == [nil, .policyRefused])
    let detail = site.gateway.host.endpoint.sessionViews.last?.end?.cause.detail
    #expect(detail == "the static address \(leased) is in use by another session")
    let leases = site.gateway.leaseCount
    #expect(leases == 1)
    site.hangUp(holder)
    let (again, _) = try site.connect(user: 2)
    #expect(again.inner == leased)
    // The former holder gets another one now.
    let (former, _) = try site.connect(user: 1)
    #expect(former.inner != nil && former.inner != leased)
  }

  /// A static address moves from one user to another while the first is connected.
  @Test func aStaticAddressThatMovesToAnotherUserIsNotTakenFromTheLiveSession() throws {
    let site = try site()
    let (holder, _) = try site.connect(user: 0)
    #expect(holder.inner == Self.address(3))
    try reload(
      site, users: [ClearSite.user(0), ClearSite.user(1) { $0.staticAddress = Self.address(3) }])
    let (newOwner, _) = try site.connect(user: 1)
    site.run(for: .seconds(10))
    #expect(newOwner.inner == nil)
    #expect(holder.inner == Self.address(3))
    #expect(reasons(site) == [nil, .policyRefused])
    site.hangUp(holder)
    #expect(try site.connect(user: 1).0.inner == Self.address(3))
  }

  /// Two users, each with an address of his own, whoever comes first and in whatever pool.
  @Test func eachUserGetsHisOwnStaticAddress() throws {
    for order in [[0, 1], [1, 0]] {
      let site = try ClearSite(
        users: (0..<2).map { index in
          ClearSite.user(index) { $0.staticAddress = Self.address(UInt8(70 + index)) }
        })
      for user in order {
        let (client, _) = try site.connect(user: user)
        #expect(client.inner == Self.address(UInt8(70 + user)))
      }
      #expect(reasons(site) == [nil, nil])
    }
  }

  /// A lease that the pool gave is as safe as a static one when its own user dials again.
  @Test func aSecondSessionOfAUserTakesOnlyTheStaticAddressOver() throws {
    let site = try site()
    let (first, _) = try site.connect(user: 1)
    let (second, _) = try site.connect(user: 1)
    #expect(first.inner == Self.address(2))
    #expect(second.inner == Self.address(4))
    #expect(reasons(site) == [nil, nil])
  }
}
