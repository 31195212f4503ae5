import Control
import Dataplane
import Endpoint
import Glibc
import LinuxIO
import Primitives

// Questions: each is answered by the loop, between two of its inputs.
extension HostService where Owner: ~Copyable {
  func isakmpPolicies() async throws(ControlError) -> [ISAKMPPolicyRecord] {
    shownSettings().policies.sorted { $0.name < $1.name }
  }

  func isakmpExchanges() async throws(ControlError) -> [ISAKMPExchangeRecord] {
    try await mailbox.perform { loop, now in loop.exchangeRecords(at: now) }
  }

  func isakmpSAs() async throws(ControlError) -> [ISAKMPSARecord] {
    try await mailbox.perform { loop, now in loop.isakmpSARecords(at: now) }
  }

  func isakmpCounters() async throws(ControlError) -> [Counter] {
    try await mailbox.perform { loop, _ in loop.counterRecords() }
  }

  func ipsecSAs() async throws(ControlError) -> [IPsecSARecord] {
    try await mailbox.perform { loop, now in loop.ipsecSARecords(at: now) }
  }

  func l2tpDestinations() async throws(ControlError) -> [L2TPDestinationRecord] {
    let sessionsMax = shownSettings().sessionsMax
    return try await mailbox.perform { loop, now in
      loop.destinationRecords(sessionsMax: sessionsMax, at: now)
    }
  }

  func l2tpTunnels() async throws(ControlError) -> [L2TPTunnelRecord] {
    try await mailbox.perform { loop, now in loop.tunnelRecords(at: now) }
  }

  func l2tpSessions() async throws(ControlError) -> [L2TPSessionRecord] {
    try await mailbox.perform { loop, now in loop.sessionRecords(at: now) }
  }

  func pppLinks() async throws(ControlError) -> [PPPRecord] {
    try await mailbox.perform { loop, now in loop.pppRecords(at: now) }
  }

  func grantsInForce() async throws(ControlError) -> GrantsReply {
    guard let grants else { throw .noGrants }
    return try await grants.reply()
  }

  func close(_ target: CloseTarget, id: UInt64) async throws(ControlError) -> CloseReply {
    try await mailbox.perform { loop, now throws(ControlError) in
      guard loop.close(target, id: id, at: now) else { throw .nothing(target, id: id) }
      return CloseReply(target: target, id: id)
    }
  }

  func openSession(tunnel id: UInt64) async throws(ControlError) -> OpenReply {
    try await mailbox.perform { loop, now throws(ControlError) in
      guard let value = UInt32(exactly: id),
        loop.owner.host.endpoint.openSession(
          in: TunnelNumber(value), at: now, using: &loop.random)
      else { throw .nothing(.tunnel, id: id) }
      return OpenReply(tunnel: id)
    }
  }

  func version() async throws(ControlError) -> VersionReply {
    VersionReply(version: programVersion, role: role, processID: Int(getpid()))
  }

  func health() async throws(ControlError) -> HealthReply {
    let uptime = (MonotonicClock.now() - startedAt).inSeconds
    return try await mailbox.perform { loop, _ in
      let live = loop.owner.host.endpoint.liveCounts
      let isReady = !loop.isEnding
      return HealthReply(
        ready: isReady, reasons: isReady ? [] : ["the program is ending"], uptimeSeconds: uptime,
        tunnels: live.tunnels, sessions: live.sessions)
    }
  }

  func reload() async throws(ControlError) -> ReloadReply {
    guard let reloading else { throw .nothingToReload }
    return try await reloading()
  }
}

extension HostLoop where Owner: ~Copyable {
  /// Begins to close something; `false` for an id that nothing live has.
  mutating func close(_ target: CloseTarget, id: UInt64, at now: Instant) -> Bool {
    guard let value = UInt32(exactly: id) else { return false }
    switch target {
    case .tunnel:
      return owner.host.endpoint.closeTunnel(
        TunnelNumber(value), .administrator, at: now, using: &random)
    case .session:
      return owner.host.endpoint.closeSession(
        SessionID(value), .administrator, at: now, using: &random)
    case .sa:
      // The number may be from a list of another moment: ask for a fresh one.
      let record = isakmpSARecords(at: now).first { $0.id == id }
      guard let record, let connection = UInt32(exactly: record.connection) else { return false }
      return owner.host.endpoint.closeConnection(
        .init(value: connection), .administrator, at: now, using: &random)
    }
  }
}

extension ControlError {
  /// Sessions meet at the gateway.
  static let noGrants = ControlError(
    .refused, "a client has no grants", cause: "the gateway decides who may reach whom",
    nextStep: "ask the gateway")

  /// A client has one profile for its whole life.
  static let nothingToReload = ControlError(
    .refused, "a client does not read its profile again", cause: "it dials once and ends",
    nextStep: "close the tunnel and dial again")
}
