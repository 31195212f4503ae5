import Primitives

/// One entry of the broker's append-only record (CS-26); travels as a CloudEvent.
public struct ServiceEvent: Hashable, Sendable, Codable {
  /// The closed list of types; as a CloudEvent each is preceded by `org.drawbridge.`.
  public enum Kind: String, CaseIterable, Hashable, Sendable, Codable {
    case deviceEnrolled = "device.enrolled"
    case deviceRemoved = "device.removed"
    case deviceAttached = "device.attached"
    case deviceDetached = "device.detached"
    case connectRequested = "connect.requested"
    case connectionOpened = "connection.opened"
    case connectionFailed = "connection.failed"
    /// Somebody asked for the end; the grant is revoked here (CS-25).
    case closeRequested = "close.requested"
    case connectionClosed = "connection.closed"
    case tunnelOpened = "tunnel.opened"
    case tunnelClosed = "tunnel.closed"
    /// Exactly one for each tunnel that was lost (CS-13).
    case tunnelUnexpectedClose = "tunnel.unexpectedClose"
    case requestRefused = "request.refused"
    case tokenCreated = "token.created"
    case tokenRevoked = "token.revoked"
    case enrolmentCreated = "enrolment.created"
    case gatewayAttached = "gateway.attached"
    case gatewayDetached = "gateway.detached"
    case configurationChanged = "configuration.changed"
    case webhookAdded = "webhook.added"
    case webhookRemoved = "webhook.removed"
  }

  /// Counts up by one from 1.
  public var sequence: UInt64
  public var time: Timestamp
  public var kind: Kind
  public var organisation: Name?
  /// Who did it: a user, or the part of the system that acted by itself (`device`, `broker`).
  public var actor: String
  /// What it was done to.
  public var product: ProductID?
  public var connection: ConnectionID?
  public var tunnel: TunnelID?
  /// The refusal's code.
  public var code: Refusal.Code?
  /// Why something ended.
  public var reason: CloseReason?
  /// The user's own words, or the name of what was created.
  public var note: String?
  /// How long it stood, in seconds.
  public var durationSeconds: Int64?
  /// User traffic in both directions, in bytes.
  public var bytes: UInt64?
  /// The hash of the event before this one, in hexadecimal; 64 zeros for the first.
  public var previousHash: String
  /// SHA-256 over `previousHash` and every field above, in hexadecimal.
  public var hash: String

  /// An event before it has its place in the chain.
  public init(_ kind: Kind, actor: String, organisation: Name? = nil, product: ProductID? = nil) {
    sequence = 0
    time = Timestamp(milliseconds: 0)
    self.kind = kind
    self.actor = actor
    self.organisation = organisation
    self.product = product
    previousHash = ""
    hash = ""
  }
}
