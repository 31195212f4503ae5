import Control

/// Records as a busy gateway would have them.
enum Samples {
  static let endpoints = Endpoints(
    localAddress: "192.0.2.1", localPort: 4500, peerAddress: "198.51.100.7", peerPort: 61_234,
    natState: .remote)

  static let closing = Closing(
    closeReason: .singleShotSpent, closedSecondsAgo: 2, destructTimeoutRemainingSeconds: 598)

  static let policy = ISAKMPPolicyRecord(
    name: "everyone", peer: "any", mode: "main", authentication: "preSharedKey",
    proposals: ["aes256-sha256-modp2048", "aes128-sha1-ecp256"], lifetimeSeconds: 28_800,
    messageBackoff: .incremental, msgTimeoutSeconds: 4, msgRetryLimit: 8, retryIkeAttempts: 0,
    dpdIntervalSeconds: 30, dpdTimeoutSeconds: 150, sendNotify: true, sendDeletes: true,
    natTraversal: "on", natKeepaliveSeconds: 20, phase2ExchangeLimit: 3)

  static let exchange = ISAKMPExchangeRecord(
    id: 9, initiatorCookie: "00112233aabbccdd", responderCookie: "0000000000000000",
    messageID: "00000000", endpoints: endpoints, phase: 1, mode: .main, role: .initiator,
    state: "awaitingSA", policy: "branch",
    retransmission: Retransmission(
      messageBackoff: .incremental, retransmissionsSent: 2, retransmissionsLimit: 8,
      nextRetransmissionInSeconds: 11.5, retryAttempt: 3, retryLimit: nil),
    ageSeconds: 16.5)

  static let isakmpSA = ISAKMPSARecord(
    id: 4, connection: 2, initiatorCookie: "00112233aabbccdd", responderCookie: "ddccbbaa33221100",
    endpoints: endpoints, mode: .main, role: .responder, state: .established, policy: "everyone",
    peerIdentity: "10.0.0.7", encryption: "aes256", hash: "sha256", group: "modp2048",
    authentication: "preSharedKey",
    retransmission: Retransmission(messageBackoff: .none, retransmissionsLimit: 8),
    ageSeconds: 61, lifetimeRemainingSeconds: 28_739, dpdState: .alive, dpdNextInSeconds: 12,
    phase2SAs: 1, spent: false)

  static let ipsecSA = IPsecSARecord(
    id: 5, connection: 2, inboundSPI: "c0ffee01", outboundSPI: "0badcafe",
    endpoints: endpoints, encapsulation: .udp, role: .responder, state: .current,
    policy: "everyone", encryption: "aes256", integrity: "sha256",
    selectors: "192.0.2.1/udp/1701 <-> 198.51.100.7/udp/*", ageSeconds: 60,
    lifetimeRemainingSeconds: 3_540, lifetimeRemainingBytes: 249_000_000,
    sequenceNumbersRemaining: 4_294_967_000, replayWindowPackets: 64, packetsIn: 10, bytesIn: 1_234,
    packetsOut: 12, bytesOut: 4_567_890, replaysDropped: 1, spent: true, disconnectInSeconds: 590)

  static let destination = L2TPDestinationRecord(
    id: 1, profile: "everyone", remoteAddress: "198.51.100.7", state: .up, tunnels: 2, sessions: 1,
    sessionsLimit: 65_535, ageSeconds: 61)

  static let tunnel = L2TPTunnelRecord(
    id: 7, destination: 1, localTunnelID: 1_000, remoteTunnelID: 2, remoteHostName: "rig",
    remoteHost: "default", endpoints: endpoints, role: .lns, state: .established, connection: 2,
    ipsecTransport: true, singleShot: false, spent: false, sessions: 0, sessionsInLife: 1,
    sessionsLimit: 65_535, ageSeconds: 61, idleTimeoutSeconds: 60,
    idleTimeoutRemainingSeconds: 41.25, destructTimeoutSeconds: 600, helloInSeconds: 33,
    retransmissionsSent: 0, retransmissionsLimit: 7)

  static let spentTunnel = L2TPTunnelRecord(
    id: 12, destination: 1, localTunnelID: 1_001, remoteTunnelID: 3,
    remoteHostName: "evil\u{1B}[31m\nhost", remoteHost: "service", endpoints: endpoints, role: .lns,
    state: .closed, connection: 2, ipsecTransport: true, singleShot: true, spent: true, sessions: 0,
    sessionsInLife: 1, sessionsLimit: 1, ageSeconds: 20, idleTimeoutSeconds: 0,
    destructTimeoutSeconds: 600, retransmissionsSent: 0, retransmissionsLimit: 7, closing: closing)

  static let session = L2TPSessionRecord(
    id: 8, tunnel: 7, localSessionID: 5, remoteSessionID: 6, state: .established, user: "anna",
    address: "10.9.0.7", ageSeconds: 12, sinceUserActivitySeconds: 1.5, packetsIn: 1, bytesIn: 60,
    packetsOut: 2, bytesOut: 120, spent: false)

  static let ppp = PPPRecord(
    session: 8, role: .authenticator, lcpState: "opened", authentication: "mschapv2",
    authenticated: true, ipcpState: "opened", user: "anna", localAddress: "10.9.0.1",
    peerAddress: "10.9.0.7", dns: ["10.9.0.1"], mruBytes: 1_400, peerMRUBytes: 1_400,
    effectiveMTUBytes: 1_350, echoState: "alive", nextEchoInSeconds: 20)

  static let grant = GrantRecord(
    connection: "c-0123456789abcdef", operatorUser: "anna", deviceUser: "pump-17",
    deviceAddress: "10.9.0.7", operatorSessions: [8, 12], deviceSession: 9, ageSeconds: 41,
    forwarding: true)

  static let idleGrant = GrantRecord(
    connection: "c-123456789abcdefg", operatorUser: "bert", deviceUser: "pump-17",
    deviceAddress: "10.9.0.7", deviceSession: 9, ageSeconds: 5, forwarding: false,
    obstacle: .operatorNotConnected)

  static let grantStream = GrantStreamRecord(
    broker: "https://broker.example.net:8443", state: .attached, stateSeconds: 192,
    lastChangeSecondsAgo: 5, changes: 7, attachments: 1)

  static let grants = GrantsReply(items: [grant, idleGrant], stream: grantStream)

  static let counter = Counter(name: "malformedPayloads", value: .max)

  static var state: InMemoryControlService.State {
    var state = InMemoryControlService.State()
    state.isakmpPolicies = [policy]
    state.isakmpExchanges = [exchange]
    state.isakmpSAs = [isakmpSA]
    state.isakmpCounters = [counter]
    state.ipsecSAs = [ipsecSA]
    state.l2tpDestinations = [destination]
    state.l2tpTunnels = [tunnel, spentTunnel]
    state.l2tpSessions = [session]
    state.pppLinks = [ppp]
    state.grants = grants
    return state
  }
}
