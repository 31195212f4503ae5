import Primitives

/// Why a negotiation with a peer failed, for `explain`.
public struct NegotiationFailure: Sendable, Hashable {
  public let at: Instant
  public let path: Path
  public let reason: CloseReason
  public let detail: String
  /// What the peer offered, as far as this engine understands it; at most `offersMax`.
  public let offered: [String]
  /// What our policy accepts.
  public let accepted: [String]

  /// The most offers kept of one peer's message.
  static let offersMax = 32
  /// The most failures kept; the oldest goes first.
  static let recordsMax = 64
}

extension ISAKMPEngine {
  mutating func record(_ failure: NegotiationFailure) {
    if failures.count >= NegotiationFailure.recordsMax { failures.removeFirst() }
    failures.append(failure)
  }
}

/// Numbers since the engine was made; all only grow.
public struct ISAKMPCounters: Sendable, Hashable {
  public internal(set) var messagesReceived: UInt64 = 0
  public internal(set) var messagesSent: UInt64 = 0
  public internal(set) var keepalivesReceived: UInt64 = 0
  public internal(set) var keepalivesSent: UInt64 = 0
  public internal(set) var retransmissions: UInt64 = 0
  public internal(set) var duplicatesReceived: UInt64 = 0
  public internal(set) var answersRepeated: UInt64 = 0
  public internal(set) var mainModesStarted: UInt64 = 0
  public internal(set) var mainModesAnswered: UInt64 = 0
  public internal(set) var mainModesEstablished: UInt64 = 0
  public internal(set) var mainModesFailed: UInt64 = 0
  public internal(set) var quickModesEstablished: UInt64 = 0
  public internal(set) var quickModesFailed: UInt64 = 0
  public internal(set) var proposalsRefused: UInt64 = 0
  public internal(set) var authenticationFailures: UInt64 = 0
  public internal(set) var halfOpenEvicted: UInt64 = 0
  public internal(set) var deadPeers: UInt64 = 0
  public internal(set) var notesSuppressed: UInt64 = 0
  private var violations: [Violation: UInt64] = [:]

  init() {}

  mutating func count(_ violation: Violation) { violations[violation, default: 0] &+= 1 }

  /// Messages dropped for one kind of violation.
  public func dropped(_ violation: Violation) -> UInt64 { violations[violation] ?? 0 }

  /// All kinds that occurred, in the order of their names.
  public var droppedByKind: [(kind: Violation, count: UInt64)] {
    violations.sorted { $0.key < $1.key }.map { ($0.key, $0.value) }
  }
}
