import Dataplane
import Endpoint
import IKE
import PPP
import Primitives

/// The VPN server: an endpoint that other people's clients connect to, with its users and pools.
public struct Gateway: ~Copyable, HostOwner {
  public var host: Host
  private(set) var configuration: GatewayConfiguration
  private var users: UserDirectory
  private var leases: AddressLeases
  /// Who authenticated on which session; names as the directory has them.
  private var names: [SessionID: String] = [:]
  /// Who may reach whom.
  var grants = GrantTable()
  private var outputs = Outbox<OwnerOutput>()

  /// - Parameter host: made of `configuration.isakmp` and `configuration.destinations`.
  public init(_ configuration: GatewayConfiguration, host: consuming Host) {
    self.configuration = configuration
    self.host = host
    users = UserDirectory(configuration.users)
    leases = AddressLeases(pools: Self.pools(of: configuration, users: users))
  }

  /// Addresses given out now.
  public var leaseCount: Int { leases.count }

  /// Takes a new configuration. What is up stays up under the rules it came up with, sessions of
  /// users who are gone from it too, and with its addresses; who authenticates again must be in it.
  public mutating func reload(
    _ configuration: GatewayConfiguration, at now: Instant,
    using random: inout some RandomNumberGenerator
  ) {
    self.configuration = configuration
    users = UserDirectory(configuration.users)
    leases.replacePools(Self.pools(of: configuration, users: users))
    host.endpoint.reload(isakmp: configuration.isakmp, destinations: configuration.destinations)
    host.dataplane.acceptsClearL2TP = host.endpoint.acceptsClearL2TP
    host.settle(at: now, using: &random)
  }

  /// Lets two live sessions exchange packets, both ways, until it is denied or either ends; without
  /// it no session reaches another. Saying it again changes nothing.
  ///
  /// - Throws: `unknownSession`, `sameSession`, or `tooManyPairs` at `Endpoint.Limits.pairsMax`.
  public mutating func allowForwarding(
    between one: SessionID, and other: SessionID, at now: Instant,
    using random: inout some RandomNumberGenerator
  ) throws(ForwardingError) {
    try host.endpoint.allowForwarding(between: one, and: other)
    host.settle(at: now, using: &random)
  }

  /// Takes the permission back; not one packet passes between them afterwards.
  /// - Returns: `false` when there was none.
  @discardableResult
  public mutating func denyForwarding(
    between one: SessionID, and other: SessionID, at now: Instant,
    using random: inout some RandomNumberGenerator
  ) -> Bool {
    let wasAllowed = host.endpoint.denyForwarding(between: one, and: other)
    host.settle(at: now, using: &random)
    return wasAllowed
  }

  public mutating func answer(
    at now: Instant, using random: inout some RandomNumberGenerator
  ) {
    while let output = host.nextOutput() {
      switch output {
      case .compute(let job): outputs.append(.compute(job))
      case .authenticate(let session, let request):
        authenticate(request, on: session, at: now, using: &random)
      case .needsAddress(let session, _, let profile):
        assignAddress(to: session, profile: profile, at: now, using: &random)
      case .event(let event):
        if case .sessionClosed(let session, _, _) = event { release(session) }
        if case .sessionUp(let session, let facts) = event, let name = names[session] {
          grants.sessionUp(session, user: name, address: facts.peerAddress)
        }
        outputs.append(.event(event))
        carryOutGrants(at: now, using: &random)
      }
      host.settle(at: now, using: &random)
    }
  }

  public mutating func nextOutput() -> OwnerOutput? { outputs.popFirst() }

  private mutating func authenticate(
    _ request: AuthenticationRequest, on session: SessionID, at now: Instant,
    using random: inout some RandomNumberGenerator
  ) {
    let verdict = users.verdict(on: request)
    if case .accepted = verdict { names[session] = users.user(of: request)?.name }
    host.endpoint.completeAuthentication(
      of: session, ticket: request.ticket, verdict, at: now, using: &random)
  }

  private mutating func assignAddress(
    to session: SessionID, profile name: String, at now: Instant,
    using random: inout some RandomNumberGenerator
  ) {
    let user = names[session].flatMap { users.user(named: $0) }
    let own = user?.staticAddress
    if let own { takeOver(own, for: session, at: now, using: &random) }
    do throws(AddressPool.Refusal) {
      guard let network = configuration.networks[name] else { throw .unknownPool }
      let address = try leases.take(static: own, from: network.pool, for: session)
      let offer = AddressOffer(
        local: network.localAddress, peer: address, dns: network.dns, nbns: network.nbns)
      host.endpoint.assignAddress(
        offer, networks: user?.routes ?? [], to: session, at: now, using: &random)
    } catch {
      _ = host.endpoint.closeSession(
        session, .policyRefused, detail: error.sentence, at: now, using: &random)
    }
  }

  /// A user who authenticates again has a better claim to the static address than the session that
  /// may be dead: that one closes, in order, and its route goes at once.
  private mutating func takeOver(
    _ address: IPv4Address, for session: SessionID, at now: Instant,
    using random: inout some RandomNumberGenerator
  ) {
    guard let holder = leases.holder(of: address), holder != session,
      let user = names[session], names[holder] == user
    else { return }
    leases.pass(from: holder, to: session)
    _ = host.endpoint.closeSession(
      holder, .policyRefused, detail: "another session of \(user) took its static address over",
      at: now, using: &random)
  }

  private mutating func release(_ session: SessionID) {
    names[session] = nil
    leases.release(session)
    grants.sessionDown(session)
  }

  /// One pool can serve several networks; it keeps all their gateway addresses.
  private static func pools(
    of configuration: GatewayConfiguration, users: UserDirectory
  ) -> [String: AddressPool] {
    let own = Set(configuration.networks.values.map(\.localAddress))
    return configuration.pools.mapValues {
      AddressPool(range: $0, reserved: own.union(users.staticAddresses))
    }
  }
}

extension AddressPool.Refusal {
  /// What is behind a refused session, for people.
  fileprivate var sentence: String {
    switch self {
    case .exhausted: "every address of the pool is in use"
    case .inUse(let address): "the static address \(address) is in use by another session"
    case .unknownPool: "the PPP profile has no address pool"
    }
  }
}
