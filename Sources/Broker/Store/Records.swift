import ConnectionService
import Primitives

/// A SHA-256 digest: 32 bytes. Of a secret, it is all that is stored.
public struct Digest: Hashable, Sendable {
  public let bytes: [UInt8]
  public init(bytes: [UInt8]) { self.bytes = bytes }
}

/// A credential; the token itself is stored nowhere.
public struct TokenRecord: Hashable, Sendable {
  public var id: String
  public var hash: Digest
  public var organisation: Name
  /// The user; for a device its product id, for a gateway its name.
  public var user: Name
  public var role: Role
  public var product: ProductID?
  public var vpnUser: String?
  public var createdAt: Timestamp
  public var expiresAt: Timestamp?
  public var revokedAt: Timestamp?

  public init(
    id: String, hash: Digest, organisation: Name, user: Name, role: Role, createdAt: Timestamp
  ) {
    self.id = id
    self.hash = hash
    self.organisation = organisation
    self.user = user
    self.role = role
    self.createdAt = createdAt
  }
}

/// A device that is announced and has not come yet.
public struct EnrolmentRecord: Hashable, Sendable {
  public var codeHash: Digest
  public var organisation: Name
  public var product: ProductID
  public var name: String
  public var expiresAt: Timestamp

  public init(
    codeHash: Digest, organisation: Name, product: ProductID, name: String, expiresAt: Timestamp
  ) {
    self.codeHash = codeHash
    self.organisation = organisation
    self.product = product
    self.name = name
    self.expiresAt = expiresAt
  }
}

/// A device with its attachment and what it last said of itself.
public struct DeviceRecord: Hashable, Sendable {
  public var product: ProductID
  public var organisation: Name
  public var name: String
  public var enrolledAt: Timestamp
  public var removedAt: Timestamp?
  /// Of the newest attachment there was; zero before the first (CS-21).
  public var epoch: UInt64 = 0
  /// Where it is attached; `nil` while it is not.
  public var attachment: Attachment?
  public var state: DeviceState?
  public var reportedAt: Timestamp?
  /// How far the events tell its histories.
  public var histories = HistoryCounts()

  public struct Attachment: Hashable, Sendable {
    /// The broker that holds the stream.
    public var broker: Name
    public var attachedAt: Timestamp
    /// By the store's clock.
    public var leaseUntil: Timestamp
    /// The run of the agent that asked for it; `nil` when it did not say.
    public var instance: AgentInstance?

    public init(
      broker: Name, attachedAt: Timestamp, leaseUntil: Timestamp, instance: AgentInstance?
    ) {
      self.broker = broker
      self.instance = instance
      self.attachedAt = attachedAt
      self.leaseUntil = leaseUntil
    }
  }

  public init(product: ProductID, organisation: Name, name: String, enrolledAt: Timestamp) {
    self.product = product
    self.organisation = organisation
    self.name = name
    self.enrolledAt = enrolledAt
  }
}

/// A connection, live or over.
public struct ConnectionRecord: Hashable, Sendable {
  public var view: ConnectionView
  public var organisation: Name
  /// The operator's PPP user name, for the grant.
  public var operatorVPNUser: String
  /// 1…10 among the device's live connections (CS-3).
  public var slot: Int
  /// When an answer is overdue; `nil` while none is awaited.
  public var answerDueAt: Timestamp?

  public init(view: ConnectionView, organisation: Name, operatorVPNUser: String, slot: Int) {
    self.view = view
    self.organisation = organisation
    self.operatorVPNUser = operatorVPNUser
    self.slot = slot
  }
}

/// Which connections to list.
public struct ConnectionQuery: Hashable, Sendable {
  public var organisation: Name
  public var product: ProductID?
  public var user: Name?
  public var reason: CloseReason?
  /// `true`: those not closed; `false`: closed ones; `nil`: both.
  public var live: Bool?
  /// Those requested before this one.
  public var after: ConnectionID?
  public var limit: Int

  public init(organisation: Name, limit: Int) {
    self.organisation = organisation
    self.limit = limit
  }
}

/// A command that has no number yet.
public struct NewCommand: Hashable, Sendable {
  public var product: ProductID
  public var action: DeviceCommand.Action
  public var createdAt: Timestamp
  /// Who asked, for the events.
  public var actor: String

  public init(
    product: ProductID, action: DeviceCommand.Action, createdAt: Timestamp, actor: String
  ) {
    self.product = product
    self.action = action
    self.createdAt = createdAt
    self.actor = actor
  }
}

/// A command that the device has not answered.
public struct CommandRecord: Hashable, Sendable {
  public var id: UInt64
  public var command: NewCommand

  public init(id: UInt64, command: NewCommand) {
    self.id = id
    self.command = command
  }
}

/// The end of the chain of events.
public struct EventHead: Hashable, Sendable {
  public var sequence: UInt64
  public var hash: String

  public init(sequence: UInt64, hash: String) {
    self.sequence = sequence
    self.hash = hash
  }
}

/// Which events to list.
public struct EventQuery: Hashable, Sendable {
  /// `nil`: of every organisation, for the broker itself.
  public var organisation: Name?
  public var product: ProductID?
  public var kind: ServiceEvent.Kind?
  public var reason: CloseReason?
  public var actor: String?
  /// Which way, and from where.
  public var order: Order
  public var limit: Int

  public enum Order: Hashable, Sendable {
    /// The oldest first, from the one after this sequence.
    case ascending(after: UInt64)
    /// The newest first, from the one before this sequence; `nil` from the end.
    case descending(before: UInt64?)
  }

  public init(organisation: Name?, order: Order, limit: Int) {
    self.organisation = organisation
    self.order = order
    self.limit = limit
  }
}

/// One asker's name for one request.
public struct IdempotencyKey: Hashable, Sendable {
  public var tokenID: String
  public var key: String

  public init(tokenID: String, key: String) {
    self.tokenID = tokenID
    self.key = key
  }
}

/// What was made of a request that came with a key.
public struct IdempotencyRecord: Hashable, Sendable {
  public var key: IdempotencyKey
  /// Of the request: another one under the same key is refused.
  public var requestDigest: Digest
  /// The connection that the request was about; `nil` for one that was about several.
  public var connection: ConnectionID?
  public var createdAt: Timestamp

  public init(
    key: IdempotencyKey, requestDigest: Digest, connection: ConnectionID?, createdAt: Timestamp
  ) {
    self.key = key
    self.requestDigest = requestDigest
    self.connection = connection
    self.createdAt = createdAt
  }
}

/// A place that wants to be told of events, in order.
public struct WebhookRecord: Hashable, Sendable {
  public var view: WebhookView
  public var organisation: Name
  /// The key of the signature.
  public var secret: String
  /// When the next attempt may be made.
  public var dueAt: Timestamp

  public init(view: WebhookView, organisation: Name, secret: String, dueAt: Timestamp) {
    self.view = view
    self.organisation = organisation
    self.secret = secret
    self.dueAt = dueAt
  }
}
