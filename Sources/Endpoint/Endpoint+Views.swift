import Dataplane
import IKE
import L2TP
import PPP
import Primitives

/// A tunnel as it can be shown, live or closed (LT-10).
public struct TunnelView: Sendable {
  public var number: TunnelNumber
  public var carrier: CarrierID
  /// `nil` for a tunnel without IPsec.
  public var connection: ConnectionID?
  /// Where the peer is; `nil` once the carrier is gone.
  public var path: Path?
  /// Names of the profile and of the host in it; `nil` for its default host.
  public var destination: String
  public var remoteHost: String?
  public var requiresIPsec: Bool
  /// This end opened it.
  public var isDialled: Bool
  public var rules: TunnelRules
  public var phase: TunnelLifecycle.Phase
  /// Its one session is over, or can never be (LT-4, LT-8).
  public var isSpent: Bool
  public var protocolState: TunnelSnapshot
  public var sessions: [SessionID]
  public var openedAt: Instant
  public var end: RecordedEnd?
  /// When its record goes; `nil` while it is live.
  public var destructAt: Instant?
}

/// A session as it can be shown, live or closed.
public struct SessionView: Sendable {
  public var id: SessionID
  public var tunnel: TunnelNumber
  public var binding: SessionConfiguration
  public var link: PPPSnapshot
  /// Who authenticated, printable.
  public var user: String?
  /// What IPCP settled, also after the end.
  public var network: NetworkFacts?
  public var isSingleShot: Bool
  /// Sessions that it may exchange packets with.
  public var partners: [SessionID]
  public var openedAt: Instant
  public var lastUserActivity: Instant
  public var inactivityTimeout: Duration?
  /// When inactivity closes it by what is known now.
  public var inactivityAt: Instant?
  public var end: RecordedEnd?
  /// When its record goes; `nil` while it is live.
  public var destructAt: Instant?
}

/// What the endpoint adds to an IPsec connection of the ISAKMP engine.
public struct CarrierView: Sendable {
  public var id: CarrierID
  public var connection: ConnectionID?
  public var path: Path
  public var encapsulation: Encapsulation
  /// Nothing more may connect through it (LT-8); its successor SAs inherit that (LT-9).
  public var isSpent: Bool
  public var isSingleShot: Bool
  /// Tunnels with a record on it.
  public var tunnels: [TunnelNumber]
  /// When it is told to disconnect because all its tunnels are closed (LT-3).
  public var disconnectAt: Instant?
}

extension Endpoint {
  /// Every tunnel that has a record, oldest first.
  public var tunnelViews: [TunnelView] {
    var views: [TunnelView] = []
    for key in tunnels.keys.sorted() {
      if let record = tunnels[key] { views.append(view(record)) }
    }
    return views
  }

  /// Every session that has a record, oldest first.
  public var sessionViews: [SessionView] {
    var views: [SessionView] = []
    for key in sessions.keys.sorted() {
      if let record = sessions[key] { views.append(view(record)) }
    }
    return views
  }

  /// Every carrier, by its id.
  public var carrierViews: [CarrierView] {
    var views: [CarrierView] = []
    for key in carriers.keys.sorted() {
      if let record = carriers[key] { views.append(view(record)) }
    }
    return views
  }

  /// How many live tunnels and sessions there are.
  public var liveCounts: (tunnels: Int, sessions: Int) {
    (tunnels.count - closedTunnels.count, sessions.count - closedSessions.count)
  }

  private func view(_ record: TunnelRecord) -> TunnelView {
    let carrier = record.isCarrierLost ? nil : carriers[record.carrier]
    return TunnelView(
      number: record.number, carrier: record.carrier, connection: record.connection,
      path: carrier?.path, destination: record.profile.destination,
      remoteHost: record.host.hostName,
      requiresIPsec: record.host.requiresIPsec, isDialled: record.isDialled,
      rules: record.host.rules, phase: record.lifecycle.phase,
      isSpent: record.host.rules.isSingleShot
        && (record.end != nil || carrier?.isSpent == true
          || record.tunnel.sessionsInLife > 0 && record.tunnel.snapshot.sessions.isEmpty),
      protocolState: record.tunnel.snapshot, sessions: record.sessions.values.sorted(),
      openedAt: record.openedAt, end: record.end, destructAt: Self.destructAt(record))
  }

  private static func destructAt(_ record: TunnelRecord) -> Instant? {
    guard case .destructing(let until) = record.lifecycle.phase else { return nil }
    return until
  }

  private func view(_ session: SessionRecord) -> SessionView {
    SessionView(
      id: session.id, tunnel: session.tunnel, binding: session.binding,
      link: session.link.snapshot, user: session.user, network: session.network,
      isSingleShot: tunnels[session.tunnel]?.host.rules.isSingleShot ?? false,
      partners: session.partners.sorted(), openedAt: session.openedAt,
      lastUserActivity: session.lastUserActivity,
      inactivityTimeout: session.inactivityTimeout, inactivityAt: session.inactivityDeadline,
      end: session.end, destructAt: deadlines.deadline(of: .closedSession(session.id)))
  }

  private func view(_ carrier: Carrier) -> CarrierView {
    var ends: [Instant] = []
    for number in carrier.tunnels.values {
      if let record = tunnels[number], let end = Self.destructAt(record) { ends.append(end) }
    }
    let isIdle = !ends.isEmpty && ends.count == carrier.tunnels.count
    return CarrierView(
      id: carrier.id, connection: carrier.connection, path: carrier.path,
      encapsulation: carrier.encapsulation, isSpent: carrier.isSpent,
      isSingleShot: carrier.isSingleShot, tunnels: carrier.tunnels.values.sorted(),
      disconnectAt: isIdle && carrier.connection != nil ? ends.max() : nil)
  }
}

/// How much an endpoint holds; all zero when nothing is left of anybody.
public struct EndpointResidue: Sendable, Equatable {
  public var carriers = 0
  public var children = 0
  public var tunnels = 0
  public var sessions = 0
  public var dials = 0
  public var pairs = 0
  public var deadlines = 0

  public init() {}
}

extension Endpoint {
  /// What is left, for tests and for whoever hunts a leak.
  public var residue: EndpointResidue {
    var residue = EndpointResidue()
    residue.carriers = carriers.count
    residue.children = children.count
    residue.tunnels = tunnels.count
    residue.sessions = sessions.count
    residue.dials = dials.count
    residue.pairs = pairCount
    residue.deadlines = deadlines.count
    return residue
  }
}
