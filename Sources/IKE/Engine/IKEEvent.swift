import Primitives

/// What is known of a connection once phase 1 is done.
public struct ConnectionFacts: Sendable, Hashable {
  public let path: Path
  public let identity: Identity
  public let role: Role
  public let nat: NATState
  /// Name of the ISAKMP policy.
  public let policy: String
  public let transform: ISAKMPTransform
}

/// Something for the log: a stable code and what it is about.
public struct IKENote: Sendable, Hashable {
  public enum Code: String, Sendable, CaseIterable {
    case malformedMessage
    case proposalRefused
    case quickModeRefused
    case peerReportedError
    case exchangeTimedOut
    case initialContact
    case initialContactIgnored
    case isakmpRekeyed
    case rekeyFailed
    case isakmpExpired
    case legacyAlgorithms
    case halfOpenEvicted
  }

  public let code: Code
  public let connection: ConnectionID?
  public let path: Path?
  public let detail: String
}

/// What the engine reports; drained with `nextEvent()` after every input.
public enum IKEEvent: Sendable {
  /// Phase 1 is done. Comes again for the same connection only after an `attemptFailed` that
  /// announced a retry.
  case connectionUp(ConnectionID, ConnectionFacts)
  /// The peer's address changed, authenticated.
  case pathChanged(ConnectionID, Path)
  /// Install both directions; receive on it at once, send on it after `childOutboundReady`.
  case childUp(ConnectionID, ChildSA)
  /// The peer has the SA: send on it from now on.
  case childOutboundReady(ConnectionID, inboundSPI: UInt32)
  case childDown(ConnectionID, inboundSPI: UInt32, outboundSPI: UInt32, CloseReason)
  /// Exactly once for every connection that was returned by `initiate` or reported up.
  case connectionDown(ConnectionID, CloseReason, detail: String)
  /// An attempt of a connection that we started failed; `retryAt` is `nil` when none follows.
  case attemptFailed(ConnectionID, CloseReason, detail: String, retryAt: Instant?)
  /// A peer's attempt to connect failed before there was a connection.
  case peerFailed(Path, CloseReason, detail: String)
  /// The cipher key of an ISAKMP SA, once for each that derives one; only when
  /// `ISAKMPConfiguration.reportsKeys` is set.
  case isakmpKeys(initiatorCookie: UInt64, Secret)
  case note(IKENote)
}
