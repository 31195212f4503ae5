import Primitives

/// Somebody who may open a session (`users[]`).
public struct User: Equatable, Sendable {
  public var name: String
  public var password: Secret
  /// The user's own address instead of one from the pool.
  public var address: IPv4Address?
  /// Networks behind the user that packets may come from and go to.
  public var routes: [IPPrefix] = []

  public init(name: String, password: Secret) {
    self.name = name
    self.password = password
  }
}
