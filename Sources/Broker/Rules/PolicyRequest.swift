import ConnectionService

/// What a policy looks at: who asks for what, and when.
public struct PolicyRequest: Hashable, Sendable {
  public enum Kind: String, CaseIterable, Hashable, Sendable { case connect, close, closeAll }

  public var kind: Kind
  public var organisation: Name
  /// The user of the token that came with the request.
  public var application: Name
  /// The person: the application itself, or whom a broker asks for.
  public var user: Name
  public var role: Role
  public var product: ProductID
  /// By the store's clock.
  public var time: Timestamp

  public init(
    _ kind: Kind, organisation: Name, application: Name, user: Name, role: Role,
    product: ProductID, time: Timestamp
  ) {
    self.kind = kind
    self.organisation = organisation
    self.application = application
    self.user = user
    self.role = role
    self.product = product
    self.time = time
  }
}
