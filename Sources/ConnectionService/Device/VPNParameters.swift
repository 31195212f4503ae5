/// How a device reaches the gateway: passed from the application to the device unread (CS-1).
public struct VPNParameters: Hashable, Sendable, Codable {
  /// What the device proves itself with.
  public enum Credentials: Hashable, Sendable, Codable {
    /// A set that the device has in its own configuration.
    case named(Name)
    /// Spelled out; never logged, and forgotten by the broker once the device has answered.
    case given(GivenCredentials)
  }

  /// The gateway's address; `nil` for the one in the named credentials.
  public var gateway: String?
  public var credentials: Credentials
  /// As asked for; the device clamps it (CS-10).
  public var inactivitySeconds: Int64?

  public init(gateway: String? = nil, credentials: Credentials, inactivitySeconds: Int64? = nil) {
    self.gateway = gateway
    self.credentials = credentials
    self.inactivitySeconds = inactivitySeconds
  }

  public init(from decoder: any Decoder) throws {
    let container = try decoder.container(keyedBy: CodingKeys.self)
    gateway = try container.decodeIfPresent(String.self, forKey: .gateway)
    credentials = try container.decode(Credentials.self, forKey: .credentials)
    inactivitySeconds = try container.decodeSecondsIfPresent(forKey: .inactivitySeconds)
  }
}

/// A pre-shared key with a PPP user and password.
public struct GivenCredentials: Hashable, Sendable, Codable {
  public var preSharedKey: String
  public var user: String
  public var password: String

  public init(preSharedKey: String, user: String, password: String) {
    self.preSharedKey = preSharedKey
    self.user = user
    self.password = password
  }
}

extension GivenCredentials: CustomStringConvertible, CustomReflectable {
  /// Never the secrets.
  public var description: String { "<credentials of \(user)>" }
  public var customMirror: Mirror { Mirror(self, children: ["user": user]) }
}
