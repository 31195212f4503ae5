import Cryptography
import Primitives

/// One ISAKMP SA from its first message on; main mode is its birth.
///
/// ```
/// initiator: awaitingSA → generatingKey → awaitingKeyExchange → derivingKeys → awaitingIdentity ┐
/// responder: awaitingPeerKeyExchange → computingAnswer → awaitingPeerIdentity ──────────────────┴→
///            established
/// ```
struct ISAKMPSA: Sendable {
  /// What main mode waits for (RFC 2409 §5.4).
  enum Phase: String, Sendable {
    /// Message 1 is sent.
    case awaitingSA
    /// Message 2 was accepted; our public value is being computed.
    case generatingKey
    /// Message 3 is sent.
    case awaitingKeyExchange
    /// Message 4 was accepted; the shared secret is being computed.
    case derivingKeys
    /// Message 5 is sent.
    case awaitingIdentity
    /// Message 2 is sent; the peer has not shown that it receives what we send.
    case awaitingPeerKeyExchange
    /// Message 3 was accepted; public value and shared secret are being computed.
    case computingAnswer
    /// Message 4 is sent.
    case awaitingPeerIdentity
    case established
  }

  /// An error that the peer reported without authentication, believed when its grace has passed
  /// without a better answer.
  struct Doubt: Sendable {
    var reason: CloseReason
    var detail: String
    var believedAt: Instant
  }

  let id: ISAKMPSAID
  let role: Role
  let policy: ISAKMPPolicy
  let preSharedKey: Secret
  let createdAt: Instant
  var cookies: Cookies
  var path: Path
  var phase: Phase
  var connection: ConnectionID?
  /// How the responder finds the SA when message 1 comes again.
  var firstMessage: FirstMessageKey?

  /// The lifetime that the peer proposed, to the responder.
  var proposedSeconds: UInt64?
  /// The body of the initiator's SA payload, hashed by both ends.
  var offeredSA: [UInt8] = []
  var transform: ISAKMPTransform?
  var material = ISAKMPKeys.Material(
    nonceInitiator: [], nonceResponder: [], publicInitiator: [], publicResponder: [])
  var privateKey: Secret?
  var keys: ISAKMPKeys?
  /// The vector of the next main mode message; after main mode the base of all phase 2 vectors.
  var iv: [UInt8] = []
  var nat = NATState()
  var peerSupportsDPD = false
  var peerIsWindows = false
  var peerIdentity: Identity?

  var retransmission: Retransmission?
  var doubt: Doubt?
  /// How many transmissions of our message 5, from the first on, got an answer that does not
  /// decrypt.
  var unreadableReports = 0
  /// Digest of the last message accepted in main mode, and the answer it got (IK-5).
  var lastReceived: [UInt8] = []
  var lastAnswer: [UInt8] = []
  var answersRepeated = 0
  /// A message that did not decrypt was answered and reported once already.
  var reportedGarbage = false

  var establishedAt: Instant?
  var lifetimeSeconds: UInt64
  var rekeyAt: Instant?
  var expiresAt: Instant?
  /// When the connection that it joined had last been heard of on its older SAs; `nil` when it is
  /// the connection's first.
  var joinedLastHeardAt: Instant?
  /// A younger ISAKMP SA serves the connection; this one only answers.
  var isSuperseded = false
  var messageIDs = MessageIDs()
  /// Message ids of the quick modes that the engine has a record of.
  var quickModeIDs: [UInt32] = []
  var dpdSent: UInt32 = 0
  var dpdUnanswered: UInt32 = 0
  var dpdSeen: UInt32?
  var informationalTokens = TokenBucket(perSecond: 10, burst: 40)

  init(
    id: ISAKMPSAID, role: Role, cookies: Cookies, path: Path, policy: ISAKMPPolicy,
    preSharedKey: Secret, at now: Instant
  ) {
    self.id = id
    self.role = role
    self.cookies = cookies
    self.path = path
    self.policy = policy
    self.preSharedKey = preSharedKey
    createdAt = now
    phase = role == .initiator ? .awaitingSA : .awaitingPeerKeyExchange
    lifetimeSeconds = policy.lifetimeSeconds
    nat.isForced = policy.natTraversal == .forced
  }

  var isEstablished: Bool { phase == .established }

  /// Whether this end waits for the peer in the birth of the SA.
  var isHalfOpen: Bool { role == .responder && phase != .established }

  /// The identity that we show.
  var localIdentity: Identity { policy.localIdentity ?? .address(path.local.address) }
}

/// Message ids seen on one ISAKMP SA: each may be used once (RFC 2408 §3.1).
struct MessageIDs: Sendable {
  /// Quick modes that one ISAKMP SA may see; afterwards it is used up and the peer needs a new one.
  static let quickModesMax = 1024
  /// Informational exchanges remembered. What they carry has its own protection against replay;
  /// that they came does not, see `ISAKMPEngine.isFresh`.
  static let informationalsRemembered = 128

  private var quickModes: Set<UInt32> = []
  private var informationals: [UInt32] = []
  /// There were more than are remembered: a new id may be an old one.
  private(set) var hasForgottenInformationals = false

  /// Whether the ISAKMP SA can carry no further quick mode.
  var isUsedUp: Bool { quickModes.count >= Self.quickModesMax }

  /// Whether there was any quick mode yet.
  var hasSeenQuickMode: Bool { !quickModes.isEmpty }

  /// Whether a quick mode with this id would be the first.
  func isNewQuickMode(_ id: UInt32) -> Bool {
    id != 0 && !quickModes.contains(id) && !isUsedUp
  }

  mutating func noteQuickMode(_ id: UInt32) { quickModes.insert(id) }

  func isNewInformational(_ id: UInt32) -> Bool { id != 0 && !informationals.contains(id) }

  mutating func noteInformational(_ id: UInt32) {
    if informationals.count >= Self.informationalsRemembered {
      informationals.removeFirst()
      hasForgottenInformationals = true
    }
    informationals.append(id)
  }
}

/// A budget that refills with time.
struct TokenBucket: Sendable {
  let perSecond: Int64
  let burst: Int64
  /// Billionths of a token.
  private var level: Int64
  private var filledAt = Instant.zero

  init(perSecond: Int, burst: Int) {
    self.perSecond = Int64(max(1, perSecond))
    self.burst = Int64(max(1, burst))
    level = self.burst &* 1_000_000_000
  }

  /// Takes one token; `false` when there is none.
  mutating func take(at now: Instant) -> Bool {
    refill(at: now)
    guard level >= 1_000_000_000 else { return false }
    level -= 1_000_000_000
    return true
  }

  /// Whether nothing has been taken lately, so that forgetting it changes nothing.
  mutating func isFull(at now: Instant) -> Bool {
    refill(at: now)
    return level >= burst &* 1_000_000_000
  }

  private mutating func refill(at now: Instant) {
    guard now > filledAt else { return }
    let elapsed = (now - filledAt).wholeNanoseconds
    filledAt = now
    let (gained, overflow) = elapsed.multipliedReportingOverflow(by: perSecond)
    let full = burst &* 1_000_000_000
    level = overflow || gained >= full - level ? full : level + gained
  }
}
