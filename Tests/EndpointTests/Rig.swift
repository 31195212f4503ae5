import Cryptography
import Dataplane
import Endpoint
import IKE
import L2TP
import PPP
import Primitives

/// An endpoint as a gateway and, against it, bare engines as its peer, in virtual time and without
/// packet path: the peer can say anything at any layer, in any order.
final class Rig {
  /// Of the addresses outside.
  enum Family: String, CaseIterable, Sendable {
    case v4, v6

    var gateway: IPAddress {
      switch self {
      case .v4: .v4(IPv4Address(203, 0, 113, 1))
      case .v6: .v6(IPv6Address(high: 0x2001_0DB8_0001_0000, low: 1))
      }
    }

    /// Hosts number 2 and up: the peer, its NAT, others.
    func peer(_ number: UInt8 = 2) -> IPAddress {
      switch self {
      case .v4: .v4(IPv4Address(198, 51, 100, number))
      case .v6: .v6(IPv6Address(high: 0x2001_0DB8_0002_0000, low: UInt64(number)))
      }
    }
  }

  static let gatewayAddress = SocketAddress(Family.v4.gateway, port: 500)
  static let peerAddress = SocketAddress(Family.v4.peer(), port: 500)
  static let password = Secret(text: "sesame")
  static let inner = IPv4Address(10, 0, 0, 1)
  private static let roundsMax = 10_000

  let family: Family
  /// The peer's address outside, when it is behind a NAT.
  var peerOutside: IPAddress?
  /// Nothing of ISAKMP arrives any more.
  var isCut = false
  var endpoint: Endpoint
  /// The peer's ISAKMP.
  var keys: ISAKMPEngine
  var now = Instant.zero
  var random = SeededRandom(seed: 1)
  /// The peer's control connections, oldest first.
  var peers: [RigPeer] = []
  /// What the endpoint told, and what it sent.
  var events: [EndpointEvent] = []
  var commands: [DataplaneCommand] = []
  var l2tpSent: [(message: [UInt8], carrier: CarrierID, peerPort: UInt16)] = []
  /// The last user activity that the packet path would report.
  var lastUserActivity: Instant?
  /// Names of what left the endpoint, in order: `isakmp` and `l2tp`.
  var order: [String] = []
  private var leased: UInt8 = 1

  init(
    family: Family = .v4, rules: TunnelRules = TunnelRules(),
    limits: Endpoint.Limits = Endpoint.Limits(),
    requiresIPsec: Bool = true, hostSessionsMax: Int = .max, profileSessionsMax: Int = .max,
    clampsMSS: Bool = true
  ) throws {
    self.family = family
    let isakmp = try Self.isakmp()
    var host = Self.host(rules: rules, requiresIPsec: requiresIPsec)
    host.sessionsMax = hostSessionsMax
    host.ppp.clampsMSS = clampsMSS
    endpoint = Endpoint(
      isakmp: isakmp,
      destinations: [
        DestinationProfile(
          name: "all", remote: nil, hosts: [host], sessionsMax: profileSessionsMax)
      ], limits: limits)
    keys = ISAKMPEngine(configuration: isakmp)
  }

  static func host(rules: TunnelRules, requiresIPsec: Bool = true) -> RemoteHostProfile {
    var link = PPPConfiguration(role: .authenticator)
    link.authentication = [.msCHAPv2, .pap]
    return RemoteHostProfile(
      hostName: nil, requiresIPsec: requiresIPsec, rules: rules,
      tunnel: TunnelConfiguration(hostName: "gateway"),
      ppp: PPPProfile(name: "users", link: link))
  }

  static func isakmp() throws -> ISAKMPConfiguration {
    // The elliptic curve is the fastest group, and the tests compute for real.
    try ISAKMPConfiguration(
      isakmpPolicies: [
        ISAKMPPolicy(
          name: "isakmp", peer: .any, transforms: [ISAKMPTransform(.aesCBC128, .sha256, .ecp256)])
      ],
      ipsecPolicies: [
        IPsecPolicy(
          name: "ipsec", peer: .any, isakmpPolicy: "isakmp",
          transforms: [.aesGCM128])
      ],
      preSharedKeys: [PreSharedKey(peer: .any, secret: Secret(text: "group secret"))])
  }

  /// A new IPsec connection of the peer; its carrier at the endpoint.
  func connect() -> CarrierID {
    _ = keys.initiate(
      ConnectionRequest(
        policy: "ipsec", local: SocketAddress(family.peer(), port: 500),
        remote: SocketAddress(family.gateway, port: 500)),
      at: now, using: &random)
    settle()
    return endpoint.carrierViews.last?.id ?? CarrierID(0)
  }

  /// A new control connection of the peer, with one call as soon as it is up.
  func dial(on carrier: CarrierID, _ peer: RigPeer) throws -> RigPeer {
    peer.carrier = carrier
    if peer.dialsSession { try peer.call(at: now, using: &random) }
    peers.append(peer)
    settle()
    return peer
  }

  /// A new control connection without IPsec.
  func dialInClear(_ peer: RigPeer, from remote: SocketAddress) {
    let message = peer.nextMessage(at: now, using: &random) ?? []
    let local = SocketAddress(family.gateway, port: 1701)
    endpoint.receiveClearL2TP(message, local: local, remote: remote, at: now, using: &random)
    peer.carrier = endpoint.carrierViews.last?.id ?? CarrierID(0)
    peers.append(peer)
    settle()
  }

  /// The newest SA that the endpoint receives on.
  var lastInboundSPI: UInt32? {
    for case .addInbound(_, let sa, _) in commands.reversed() { return sa.spi }
    return nil
  }

  /// Hands a message of the peer to the endpoint.
  func send(_ message: [UInt8], on carrier: CarrierID, from port: UInt16 = 1701) {
    endpoint.receiveL2TP(message, on: carrier, peerPort: port, at: now, using: &random)
    settle()
  }

  /// Lets time pass, timers and all.
  func run(for duration: Duration) {
    let end = now + duration
    while true {
      var next = earliest(endpoint.nextTimeout, keys.nextTimeout)
      for peer in peers { next = earliest(next, peer.nextTimeout) }
      guard let next, next <= end else { break }
      now = max(now, next)
      endpoint.handleTimeout(at: now, using: &random)
      keys.handleTimeout(at: now, using: &random)
      for peer in peers { peer.handleTimeout(at: now, using: &random) }
      settle()
    }
    now = end
  }

  /// Carries everything across until both ends are quiet.
  func settle() {
    for _ in 0..<Self.roundsMax {
      var didSomething = carryFromEndpoint()
      while let transmit = keys.nextTransmit() {
        didSomething = true
        guard !isCut else { continue }
        let path = transmit.path
        let remote = SocketAddress(peerOutside ?? path.local.address, port: path.local.port)
        endpoint.receiveISAKMP(
          transmit.bytes, on: Path(local: path.remote, remote: remote, floated: path.floated),
          at: now, using: &random)
      }
      while let job = keys.nextJob() {
        keys.complete(job.run(), at: now, using: &random)
        didSomething = true
      }
      while keys.nextEvent() != nil { didSomething = true }
      for peer in peers {
        while let message = peer.nextMessage(at: now, using: &random) {
          endpoint.receiveL2TP(message, on: peer.carrier, peerPort: 1701, at: now, using: &random)
          didSomething = true
        }
        while let (frame, session) = peer.nextFrame() {
          endpoint.receivePPP(frame, on: session, at: now, using: &random)
          didSomething = true
        }
      }
      if !didSomething { return }
    }
    preconditionFailure("the endpoint and its peer never come to rest")
  }

  private func carryFromEndpoint() -> Bool {
    var didSomething = false
    while let output = endpoint.nextOutput() {
      didSomething = true
      switch output {
      case .sendISAKMP(let transmit):
        order.append("isakmp")
        guard !isCut else { continue }
        let path = transmit.path
        let local = SocketAddress(
          peerOutside == nil ? path.remote.address : family.peer(), port: path.remote.port)
        keys.receive(
          transmit.bytes, on: Path(local: local, remote: path.local, floated: path.floated),
          at: now, using: &random)
      case .compute(let job): endpoint.complete(job.run(), at: now, using: &random)
      case .dataplane(let command):
        commands.append(command)
        guard case .bindSession(let id, let binding) = command else { continue }
        peers.last { $0.owns(binding) }?.attach(id, at: now, using: &random)
      case .sendL2TP(let message, let carrier, let peerPort):
        order.append("l2tp")
        l2tpSent.append((message, carrier, peerPort))
        peers.first { $0.isAddressed(by: message, on: carrier) }?
          .receive(message, at: now, using: &random)
      case .sendPPP(let frame, let session):
        peers.first { $0.session == session }?.receiveFrame(frame, at: now, using: &random)
      case .authenticate(let session, let request):
        endpoint.completeAuthentication(
          of: session, ticket: request.ticket, request.verify(password: Self.password), at: now,
          using: &random)
      case .needsAddress(let session, _, _):
        leased += 1
        endpoint.assignAddress(
          AddressOffer(local: Self.inner, peer: IPv4Address(10, 0, 0, leased)), to: session,
          at: now, using: &random)
      case .reportActivity(let session):
        endpoint.noteUserActivity(on: session, last: lastUserActivity, at: now, using: &random)
      case .event(let event): events.append(event)
      }
    }
    return didSomething
  }
}
