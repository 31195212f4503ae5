/// `POST /v1/devices/{productID}/connections`; every field may be missing.
public struct ConnectRequest: Hashable, Sendable, Codable {
  /// Any whole number; clamped by the device, which reports what is in force (CS-10).
  public var inactivitySeconds: Int64?
  /// Why, in the user's words: at most ``noteBytesMax`` bytes.
  public var note: String?
  /// How the device reaches the gateway; the broker's default when missing.
  public var parameters: VPNParameters?

  public static let noteBytesMax = 500

  public init(
    inactivitySeconds: Int64? = nil, note: String? = nil, parameters: VPNParameters? = nil
  ) {
    self.inactivitySeconds = inactivitySeconds
    self.note = note
    self.parameters = parameters
  }

  public init(from decoder: any Decoder) throws {
    let container = try decoder.container(keyedBy: CodingKeys.self)
    inactivitySeconds = try container.decodeSecondsIfPresent(forKey: .inactivitySeconds)
    note = try container.decodeIfPresent(String.self, forKey: .note)
    parameters = try container.decodeIfPresent(VPNParameters.self, forKey: .parameters)
  }
}

/// `POST /v1/enrolments`: announces a device.
public struct EnrolmentRequest: Hashable, Sendable, Codable {
  public var productID: ProductID
  /// What people call the device; its product id when missing.
  public var name: String?

  public init(productID: ProductID, name: String? = nil) {
    self.productID = productID
    self.name = name
  }
}

/// The code that the device is enrolled with, once.
public struct EnrolmentReply: Hashable, Sendable, Codable {
  public var productID: ProductID
  public var code: String
  public var expiresAt: Timestamp

  public init(productID: ProductID, code: String, expiresAt: Timestamp) {
    self.productID = productID
    self.code = code
    self.expiresAt = expiresAt
  }
}

/// `POST /v1/enrol`, by the device itself.
public struct EnrolRequest: Hashable, Sendable, Codable {
  public var code: String
  public init(code: String) { self.code = code }
}

/// What the device keeps: its name and its credential.
public struct EnrolReply: Hashable, Sendable, Codable {
  public var productID: ProductID
  public var organisation: Name
  public var token: String

  public init(productID: ProductID, organisation: Name, token: String) {
    self.productID = productID
    self.organisation = organisation
    self.token = token
  }
}

/// `POST /v1/tokens`.
public struct TokenRequest: Hashable, Sendable, Codable {
  public var user: Name
  public var role: Role
  /// `nil` for a token that lives until it is revoked.
  public var lifetimeSeconds: Int64?
  /// The PPP user name of the operator's own tunnel; the user's name when missing.
  public var vpnUser: String?

  public init(user: Name, role: Role, lifetimeSeconds: Int64? = nil, vpnUser: String? = nil) {
    self.user = user
    self.role = role
    self.lifetimeSeconds = lifetimeSeconds
    self.vpnUser = vpnUser
  }
}

/// The only time that the token itself is shown.
public struct TokenReply: Hashable, Sendable, Codable {
  public var token: String
  public var view: TokenView

  public init(token: String, view: TokenView) {
    self.token = token
    self.view = view
  }
}

/// A token, as the API shows it.
public struct TokenView: Hashable, Sendable, Codable {
  public var id: String
  public var user: Name
  public var role: Role
  public var vpnUser: String?
  public var createdAt: Timestamp
  public var expiresAt: Timestamp?
  public var revokedAt: Timestamp?

  public init(
    id: String, user: Name, role: Role, vpnUser: String?, createdAt: Timestamp,
    expiresAt: Timestamp?, revokedAt: Timestamp?
  ) {
    self.id = id
    self.user = user
    self.role = role
    self.vpnUser = vpnUser
    self.createdAt = createdAt
    self.expiresAt = expiresAt
    self.revokedAt = revokedAt
  }
}

/// `POST /v1/webhooks`.
public struct WebhookRequest: Hashable, Sendable, Codable {
  /// `https`, or `http` on loopback.
  public var url: String
  public init(url: String) { self.url = url }
}

/// A webhook, as the API shows it.
public struct WebhookView: Hashable, Sendable, Codable {
  public var id: String
  public var url: String
  public var createdAt: Timestamp
  /// The last event that was delivered, or given up.
  public var deliveredSequence: UInt64
  /// Attempts at the event after it that failed.
  public var failures: Int
  /// The key of the signature; shown once, when the webhook is made.
  public var secret: String?

  public init(id: String, url: String, createdAt: Timestamp, deliveredSequence: UInt64) {
    self.id = id
    self.url = url
    self.createdAt = createdAt
    self.deliveredSequence = deliveredSequence
    failures = 0
  }
}

/// One page of a list; `next` goes into `after` of the next request.
public struct Page<Item: Hashable & Sendable & Codable>: Hashable, Sendable, Codable {
  public static var itemsMax: Int { 200 }

  public var items: [Item]
  public var next: String?

  public init(items: [Item], next: String? = nil) {
    self.items = items
    self.next = next
  }
}
