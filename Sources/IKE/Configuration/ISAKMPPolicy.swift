import Cryptography
import Primitives

/// How ISAKMP messages are retransmitted (IK-1 to IK-4).
public struct MessageBackoff: Hashable, Sendable {
  public enum Mode: String, Sendable, Hashable {
    case incremental
    case none
  }

  /// `msgRetryLimit`, 0…1024.
  public var retryLimit: Int
  /// `msgTimeout`, 1…86400 seconds.
  public var timeoutSeconds: Int
  public var mode: Mode

  public init(retryLimit: Int = 8, timeoutSeconds: Int = 4, mode: Mode = .incremental) {
    self.retryLimit = retryLimit
    self.timeoutSeconds = timeoutSeconds
    self.mode = mode
  }

  /// The pause before retransmission number `number`, counted from 1; the pause before
  /// `retryLimit` + 1 ends the exchange (IK-2, IK-4).
  public func gap(before number: Int) -> Duration {
    switch mode {
    case .none: .seconds(timeoutSeconds)
    case .incremental: .seconds(number <= 1 ? timeoutSeconds : 2 * timeoutSeconds * (number - 1))
    }
  }
}

/// How often a failed negotiation is started again (IK-10 to IK-14).
public enum RetryLimit: Hashable, Sendable {
  /// 0…16.
  case count(Int)
  case continuous

  /// Whether another attempt may follow `attempts` retries already made.
  func allows(retry number: Int) -> Bool {
    switch self {
    case .count(let limit): number <= limit
    case .continuous: true
    }
  }
}

/// Dead peer detection (RFC 3706).
public struct DeadPeerDetection: Hashable, Sendable {
  /// The pause between two R-U-THERE.
  public var interval: Duration
  /// Silence after which the peer is dead.
  public var timeout: Duration

  public init(interval: Duration = .seconds(30), timeout: Duration = .seconds(150)) {
    self.interval = interval
    self.timeout = timeout
  }
}

/// Which end starts rekeying. Some clients dislike a rekey that the server starts.
public enum RekeyLead: String, Sendable, Hashable {
  /// The end that started the connection.
  case initiator
  /// Either end, as its lifetime tells.
  case both
}

/// What to do about NAT (RFC 3947).
public enum NATTraversalMode: String, Sendable, Hashable {
  case off
  case on
  /// Make the peer believe that it is behind a NAT, so that ESP travels in UDP. The peer's own
  /// NAT-D hash is falsified, never ours: Windows refuses servers behind a NAT by default.
  case forced
}

/// How phase 1 is negotiated with the peers that it is for.
public struct ISAKMPPolicy: Sendable {
  public var name: String
  public var peer: PeerSelector
  /// In order of preference.
  public var transforms: [ISAKMPTransform]
  /// `nil`: the local address of the exchange.
  public var localIdentity: Identity?
  /// `nil`: whatever identity knows the secret.
  public var remoteIdentity: Identity?
  public var lifetimeSeconds: UInt64 = 28_800
  public var backoff = MessageBackoff()
  public var retryIkeAttempts = RetryLimit.count(0)
  /// Before retry n: min(`retryPauseMax`, `retryPauseFirst` · 2^(n−1)) ± 20 % (IK-14).
  public var retryPauseFirst: Duration = .seconds(1)
  public var retryPauseMax: Duration = .seconds(60)
  /// `nil`: off.
  public var deadPeerDetection: DeadPeerDetection? = DeadPeerDetection()
  public var sendNotify = true
  public var sendDeletes = true
  public var natTraversal = NATTraversalMode.on
  /// The pause between NAT keepalives (RFC 3948 §4).
  public var keepaliveInterval: Duration = .seconds(20)
  public var rekeyLead = RekeyLead.initiator
  /// Quick modes at a time on one ISAKMP SA that the peer may have.
  public var phase2ExchangesMax = 4

  public init(name: String, peer: PeerSelector, transforms: [ISAKMPTransform]) {
    self.name = name
    self.peer = peer
    self.transforms = transforms
  }

  public init(name: String, peer: PeerSelector, profile: ProposalProfile = .standard) {
    self.init(name: name, peer: peer, transforms: profile.isakmpTransforms)
  }
}

/// How phase 2 is negotiated: ESP in transport mode for UDP port 1701.
public struct IPsecPolicy: Sendable {
  public var name: String
  public var peer: PeerSelector
  /// The ISAKMP policy that protects it, by name.
  public var isakmpPolicy: String
  /// In order of preference.
  public var transforms: [ESPTransform]
  /// Required when set; without it, done when the peer asks.
  public var perfectForwardSecrecy: KeyExchangeGroup?
  public var lifetimeSeconds: UInt64 = 3600
  public var lifetimeKilobytes: UInt64?
  /// Packets that may arrive late and out of order, 64 to 1024 (RFC 4303 §3.4.3 asks for 64).
  public var replayWindowPackets: UInt32 = 64

  public init(
    name: String, peer: PeerSelector, isakmpPolicy: String, transforms: [ESPTransform]
  ) {
    self.name = name
    self.peer = peer
    self.isakmpPolicy = isakmpPolicy
    self.transforms = transforms
  }

  public init(
    name: String, peer: PeerSelector, isakmpPolicy: String, profile: ProposalProfile = .standard
  ) {
    self.init(
      name: name, peer: peer, isakmpPolicy: isakmpPolicy, transforms: profile.espTransforms)
  }
}

/// A pre-shared key and the peers that have it.
public struct PreSharedKey: Sendable {
  public var peer: PeerSelector
  public var secret: Secret

  public init(peer: PeerSelector, secret: Secret) {
    self.peer = peer
    self.secret = secret
  }
}
