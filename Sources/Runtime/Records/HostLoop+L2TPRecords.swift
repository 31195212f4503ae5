import Control
import Dataplane
import Endpoint
import IKE
import L2TP
import PPP
import Primitives

// Tunnels, sessions and PPP links as they are shown.
extension HostLoop where Owner: ~Copyable {
  mutating func tunnelRecords(at now: Instant) -> [L2TPTunnelRecord] {
    let views = placedTunnels
    let destinations = numbers.destinations.assign(views.map(\.destinationKey))
    return zip(destinations, views).map { destination, placed in
      L2TPTunnelRecord(placed, destination: destination, at: now)
    }
  }

  /// - Parameter sessionsMax: the limit of each destination profile, by its name.
  mutating func destinationRecords(
    sessionsMax: [String: Int], at now: Instant
  ) -> [L2TPDestinationRecord] {
    let views = placedTunnels
    let ids = numbers.destinations.assign(views.map(\.destinationKey))
    let groups = Dictionary(grouping: zip(ids, views), by: \.0)
    return groups.keys.sorted().compactMap { id in
      let tunnels = (groups[id] ?? []).map(\.1.view)
      guard let first = tunnels.first else { return nil }
      let path = groups[id]?.first?.1.path
      let live = tunnels.filter { $0.end == nil }
      let lastEnd = tunnels.compactMap { view in view.end.map { ($0, view.destructAt) } }
        .max { $0.0.at < $1.0.at }
      return L2TPDestinationRecord(
        id: id, profile: first.destination,
        remoteAddress: path.map { "\($0.remote.address)" } ?? "",
        state: live.isEmpty ? .closed : .up, tunnels: live.count,
        sessions: live.reduce(0) { $0 + $1.sessions.count },
        sessionsLimit: sessionsMax[first.destination] ?? Int(UInt16.max),
        ageSeconds: (now - first.openedAt).inSeconds,
        closing: live.isEmpty
          ? Closing(lastEnd?.0, destructAt: lastEnd?.1, at: now) : nil)
    }
  }

  func sessionRecords(at now: Instant) -> [L2TPSessionRecord] {
    let dialled = dialledTunnels
    return owner.host.endpoint.sessionViews.map { view in
      L2TPSessionRecord(
        view, isDialled: dialled.contains(view.tunnel),
        owner.host.dataplane.statistics(of: view.id), at: now)
    }
  }

  func pppRecords(at now: Instant) -> [PPPRecord] {
    let dialled = dialledTunnels
    return owner.host.endpoint.sessionViews.filter { $0.end == nil }.map { view in
      PPPRecord(view, isDialled: dialled.contains(view.tunnel), at: now)
    }
  }

  private var placedTunnels: [PlacedTunnel] {
    owner.host.endpoint.tunnelViews.map { PlacedTunnel($0, places) }
  }

  private var dialledTunnels: Set<TunnelNumber> {
    Set(owner.host.endpoint.tunnelViews.filter(\.isDialled).map(\.number))
  }
}

/// A tunnel with the place where its peer is, or was.
private struct PlacedTunnel {
  let view: TunnelView
  let path: Path?
  let nat: NATState?

  init(_ view: TunnelView, _ places: PathMemory) {
    self.view = view
    let place = places[view.connection]
    path = view.path ?? place?.path
    nat = place?.nat
  }

  var destinationKey: LoopRecordNumbers.DestinationKey {
    .init(profile: view.destination, remote: path?.remote.address)
  }
}

extension TunnelView {
  fileprivate var recordState: L2TPTunnelRecord.State {
    if end != nil { return .closed }
    return switch protocolState.phase {
    case .idle, .waitCtlReply: .waitReply
    case .waitCtlConn: .waitConnect
    case .established: .established
    case .stopped, .over: .closing
    }
  }
}

extension L2TPTunnelRecord {
  fileprivate init(
    _ placed: PlacedTunnel, destination: UInt64, at now: Instant
  ) {
    let view = placed.view
    let state = view.protocolState
    var idleUntil: Instant?
    if case .idle(let until) = view.phase { idleUntil = until }
    self.init(
      id: UInt64(view.number.value), destination: destination,
      localTunnelID: Int(state.localID), remoteTunnelID: Int(state.remoteID),
      remoteHostName: state.peer?.hostName, remoteHost: view.remoteHost ?? "default",
      endpoints: Endpoints(placed.path, placed.nat),
      role: state.role == .lns ? .lns : .lac, state: view.recordState,
      connection: view.connection.map { UInt64($0.value) },
      ipsecTransport: view.connection != nil, singleShot: view.rules.isSingleShot,
      spent: view.isSpent, sessions: view.sessions.count, sessionsInLife: state.sessionsInLife,
      sessionsLimit: view.rules.isSingleShot ? 1 : Int(UInt16.max),
      ageSeconds: (now - view.openedAt).inSeconds,
      idleTimeoutSeconds: view.rules.idleTimeout.inSeconds,
      idleTimeoutRemainingSeconds: idleUntil.map { $0.seconds(from: now) },
      destructTimeoutSeconds: view.rules.destructTimeout.inSeconds,
      helloInSeconds: view.end == nil ? state.nextHello.map { $0.seconds(from: now) } : nil,
      retransmissionsSent: state.retransmissions,
      retransmissionsLimit: TunnelConfiguration(hostName: "any").retransmissionsMaxEstablished,
      nextRetransmissionInSeconds: state.nextRetransmission.map { $0.seconds(from: now) },
      lastError: view.end.flatMap { $0.cause.detail.isEmpty ? nil : $0.cause.detail },
      closing: Closing(view.end, destructAt: view.destructAt, at: now))
  }
}

extension L2TPSessionRecord {
  fileprivate init(
    _ view: SessionView, isDialled: Bool, _ statistics: SessionStatistics?, at now: Instant
  ) {
    let lastActivity = statistics?.lastUserActivity
    var inactivityAt: Instant?
    if let timeout = view.inactivityTimeout, view.end == nil, view.network != nil {
      inactivityAt = max(view.lastUserActivity, lastActivity ?? .zero) + timeout
    }
    self.init(
      id: UInt64(view.id.value), tunnel: UInt64(view.tunnel.value),
      localSessionID: Int(view.binding.localSessionID),
      remoteSessionID: Int(view.binding.peerSessionID),
      state: view.end == nil ? .established : .closed, user: view.user,
      address: view.network.map { "\(isDialled ? $0.localAddress : $0.peerAddress)" },
      ageSeconds: (now - view.openedAt).inSeconds,
      sinceUserActivitySeconds: lastActivity.map { (now - $0).inSeconds },
      inactivityRemainingSeconds: inactivityAt.map { $0.seconds(from: now) },
      packetsIn: statistics?.packetsFromUser ?? 0, bytesIn: statistics?.bytesFromUser ?? 0,
      packetsOut: statistics?.packetsToUser ?? 0, bytesOut: statistics?.bytesToUser ?? 0,
      spent: view.isSingleShot && view.end != nil,
      closing: Closing(view.end, destructAt: view.destructAt, at: now))
  }
}

extension PPPRecord {
  fileprivate init(_ view: SessionView, isDialled: Bool, at now: Instant) {
    let link = view.link
    let echoState =
      link.echoDeadline == nil ? "off" : link.echoesUnanswered == 0 ? "alive" : "probing"
    self.init(
      session: UInt64(view.id.value), role: isDialled ? .peer : .authenticator,
      lcpState: link.lcpState.rawValue, authentication: link.lcp?.authentication?.configurationName,
      authenticated: view.user != nil, ipcpState: link.ipcpState.rawValue, user: view.user,
      localAddress: link.network.map { "\($0.localAddress)" },
      peerAddress: link.network.map { "\($0.peerAddress)" },
      dns: link.network?.dns.map { "\($0)" } ?? [], mruBytes: link.mruBytes,
      peerMRUBytes: link.lcp?.peerMRUBytes ?? 1500,
      effectiveMTUBytes: link.network?.mtuBytes ?? link.mruBytes, echoState: echoState,
      echoesUnanswered: link.echoesUnanswered,
      nextEchoInSeconds: link.echoDeadline.map { $0.seconds(from: now) },
      lastError: link.closeReason?.rawValue)
  }
}
