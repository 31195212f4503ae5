import PPP
import Primitives

/// The gateway's own users.
public struct UserDirectory: Sendable {
  /// One user.
  public struct User: Sendable {
    public var name: String
    public var password: Secret
    /// The address this user always gets.
    public var staticAddress: IPv4Address?
    /// IPv4 networks behind this user, routed into the session that came up first;
    /// `SessionConfiguration.sourcesMax` at most, the rest is left out.
    public var routes: [IPPrefix]

    public init(
      name: String, password: Secret, staticAddress: IPv4Address? = nil, routes: [IPPrefix] = []
    ) {
      self.name = name
      self.password = password
      self.staticAddress = staticAddress
      self.routes = routes
    }
  }

  private let users: [[UInt8]: User]
  /// What a user who does not exist is held against, so that the time tells nothing.
  private let decoy = Secret(text: "nobody has this password")

  /// - Precondition: names are unique; the configuration sees to that.
  public init(_ list: [User]) {
    users = Dictionary(list.map { (Array($0.name.utf8), $0) }) { first, _ in first }
  }

  /// Every static address, for the pools to keep.
  public var staticAddresses: Set<IPv4Address> { Set(users.values.compactMap(\.staticAddress)) }

  /// The user of a request: by the whole name, else without the Windows domain before it.
  public func user(of request: AuthenticationRequest) -> User? {
    users[request.userName] ?? users[request.userNameWithoutDomain]
  }

  /// The user with this name as a link reports it.
  public func user(named name: String) -> User? { users[Array(name.utf8)] }

  /// Whether the proof is right. Users who do not exist take as long as those who do.
  public func verdict(on request: AuthenticationRequest) -> AuthenticationVerdict {
    guard let user = user(of: request) else {
      _ = request.verify(password: decoy)
      return .refused
    }
    return request.verify(password: user.password)
  }
}
