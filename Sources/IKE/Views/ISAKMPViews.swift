import Cryptography
import Primitives

/// An exchange under way, for `show isakmp exchange`.
public struct ExchangeView: Sendable, Hashable {
  public let cookies: Cookies
  public let path: Path
  public let nat: NATState
  /// 1 or 2.
  public let phase: Int
  /// `main` or `quick`.
  public let mode: String
  public let state: String
  public let role: Role
  /// 0 in phase 1.
  public let messageID: UInt32
  public let connection: ConnectionID?
  public let policy: String
  public let messageBackoff: MessageBackoff
  public let retransmissionsSent: Int
  /// `nil` when nothing is to be retransmitted.
  public let nextRetransmissionAt: Instant?
  public let startedAt: Instant
}

/// An established ISAKMP SA, for `show isakmp sa`.
public struct ISAKMPSAView: Sendable, Hashable {
  /// Dead peer detection as it stands.
  public enum DPDState: Sendable, Hashable {
    /// Off here or not known to the peer.
    case off
    case idle(nextAt: Instant?)
    /// Questions without an answer so far.
    case asking(unanswered: UInt32, nextAt: Instant?)
  }

  public let cookies: Cookies
  public let path: Path
  public let nat: NATState
  public let role: Role
  public let connection: ConnectionID?
  public let policy: String
  public let messageBackoff: MessageBackoff
  public let localIdentity: Identity
  public let remoteIdentity: Identity?
  public let transform: ISAKMPTransform?
  public let establishedAt: Instant?
  public let rekeyAt: Instant?
  public let expiresAt: Instant?
  /// A younger SA serves the connection.
  public let isSuperseded: Bool
  public let peerIsWindows: Bool
  public let deadPeerDetection: DPDState
  public let phase2SACount: Int
  public let lastAuthenticatedAt: Instant?
}

/// A connection with its retries, for `show isakmp policy` and `show ipsec sa`.
public struct ConnectionView: Sendable, Hashable {
  public let id: ConnectionID
  public let role: Role
  public let path: Path
  public let identity: Identity?
  public let policy: String
  public let messageBackoff: MessageBackoff
  public let isUp: Bool
  public let isakmpSAs: [Cookies]
  /// Inbound SPIs.
  public let phase2SAs: [UInt32]
  public let retryAttempt: Int
  public let retryLimit: RetryLimit
  public let nextRetryAt: Instant?
  public let lastAuthenticatedAt: Instant
  public let lastError: String?
}

/// A phase 2 SA pair, for `show ipsec sa`; bytes and packets are the data path's to tell.
public struct Phase2SAView: Sendable, Hashable {
  public let inboundSPI: UInt32
  public let outboundSPI: UInt32
  public let connection: ConnectionID
  public let role: Role
  public let policy: String
  public let transform: ESPTransform
  public let encapsulation: ESPEncapsulation
  public let selectors: TrafficSelectors
  /// Absent without perfect forward secrecy.
  public let pfsGroup: KeyExchangeGroup?
  public let lifetime: Lifetime
  public let replayWindowPackets: UInt32
  public let createdAt: Instant
  public let rekeyAt: Instant?
  public let expiresAt: Instant
  /// The peer has shown that it has the pair.
  public let isOutboundReady: Bool
  public let isSuperseded: Bool
}

extension ISAKMPEngine {
  /// The ISAKMP policies in force.
  public var isakmpPolicies: [ISAKMPPolicy] { configuration.isakmpPolicies }

  /// The IPsec policies in force.
  public var ipsecPolicies: [IPsecPolicy] { configuration.ipsecPolicies }

  /// Numbers since the start.
  public var counters: ISAKMPCounters { counterValues }

  /// The latest failed negotiations, oldest first, for `explain`.
  public var negotiationFailures: [NegotiationFailure] { failures }

  /// Main modes of peers that are not finished.
  public var halfOpenCount: Int { halfOpen.count }

  /// Exchanges under way: main modes by age, then quick modes.
  public var exchanges: [ExchangeView] {
    let mainModes = isakmpSAs.values.filter { !$0.isEstablished }.sorted { $0.id < $1.id }.map {
      ExchangeView(
        cookies: $0.cookies, path: $0.path, nat: $0.nat, phase: 1, mode: "main",
        state: $0.phase.rawValue, role: $0.role, messageID: 0, connection: $0.connection,
        policy: $0.policy.name, messageBackoff: $0.policy.backoff,
        retransmissionsSent: $0.retransmission?.sent ?? 0,
        nextRetransmissionAt: $0.retransmission?.nextAt, startedAt: $0.createdAt)
    }
    let underWay = quickModes.values.filter { $0.phase != .finished }.sorted {
      ($0.key.sa.value, $0.key.messageID) < ($1.key.sa.value, $1.key.messageID)
    }
    return mainModes
      + underWay.compactMap { quickMode in
        guard let sa = isakmpSAs[quickMode.key.sa] else { return nil }
        return ExchangeView(
          cookies: sa.cookies, path: sa.path, nat: sa.nat, phase: 2, mode: "quick",
          state: quickMode.phase.rawValue, role: quickMode.role,
          messageID: quickMode.key.messageID, connection: quickMode.connection,
          policy: quickMode.policy.name, messageBackoff: sa.policy.backoff,
          retransmissionsSent: quickMode.retransmission?.sent ?? 0,
          nextRetransmissionAt: quickMode.retransmission?.nextAt, startedAt: quickMode.createdAt)
      }
  }

  /// Established ISAKMP SAs, oldest first.
  public var establishedISAKMPSAs: [ISAKMPSAView] {
    isakmpSAs.values.filter(\.isEstablished).sorted { $0.id < $1.id }.map { sa in
      let connection = sa.connection.flatMap { connections[$0] }
      return ISAKMPSAView(
        cookies: sa.cookies, path: sa.path, nat: sa.nat, role: sa.role,
        connection: sa.connection, policy: sa.policy.name, messageBackoff: sa.policy.backoff,
        localIdentity: sa.localIdentity, remoteIdentity: sa.peerIdentity,
        transform: sa.transform, establishedAt: sa.establishedAt, rekeyAt: sa.rekeyAt,
        expiresAt: sa.expiresAt, isSuperseded: sa.isSuperseded, peerIsWindows: sa.peerIsWindows,
        deadPeerDetection: dpdState(of: sa), phase2SACount: connection?.phase2SAs.count ?? 0,
        lastAuthenticatedAt: connection?.lastAuthenticatedAt)
    }
  }

  private func dpdState(of sa: ISAKMPSA) -> ISAKMPSAView.DPDState {
    guard sa.peerSupportsDPD, sa.policy.deadPeerDetection != nil, !sa.isSuperseded,
      let connection = sa.connection
    else { return .off }
    let nextAt = timers.deadline(of: .deadPeer(connection))
    return sa.dpdUnanswered == 0
      ? .idle(nextAt: nextAt) : .asking(unanswered: sa.dpdUnanswered, nextAt: nextAt)
  }

  /// All connections in the order of their ids.
  public var connectionViews: [ConnectionView] {
    connections.values.sorted { $0.id < $1.id }.map { connection in
      ConnectionView(
        id: connection.id, role: connection.role, path: connection.path,
        identity: connection.identity, policy: connection.policy.name,
        messageBackoff: connection.policy.backoff, isUp: connection.isUp,
        isakmpSAs: connection.isakmpSAs.compactMap { isakmpSAs[$0]?.cookies },
        phase2SAs: connection.phase2SAs, retryAttempt: connection.retries,
        retryLimit: connection.policy.retryIkeAttempts, nextRetryAt: connection.retryAt,
        lastAuthenticatedAt: connection.lastAuthenticatedAt, lastError: connection.lastError)
    }
  }

  /// All phase 2 SA pairs in the order of their connections and ages.
  public var phase2SAViews: [Phase2SAView] {
    connections.values.sorted { $0.id < $1.id }.flatMap(\.phase2SAs).compactMap { spi in
      guard let phase2 = phase2SAs[spi] else { return nil }
      return Phase2SAView(
        inboundSPI: phase2.inboundSPI, outboundSPI: phase2.outboundSPI,
        connection: phase2.connection, role: phase2.role, policy: phase2.policyName,
        transform: phase2.transform, encapsulation: phase2.encapsulation,
        selectors: phase2.selectors, pfsGroup: phase2.pfsGroup,
        lifetime: phase2.lifetime, replayWindowPackets: phase2.replayWindowPackets,
        createdAt: phase2.createdAt, rekeyAt: phase2.rekeyAt, expiresAt: phase2.expiresAt,
        isOutboundReady: phase2.isOutboundReady,
        isSuperseded: phase2.isSuperseded)
    }
  }
}
