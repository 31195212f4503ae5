import ConnectionService
import Primitives

/// Who asks, as the token says.
public struct Caller: Sendable, Equatable {
  public let tokenID: String
  public let organisation: Name
  public let user: Name
  public let role: Role
  /// The device that asks; `nil` for everybody else.
  public let product: ProductID?
  /// The PPP user name of the user's own sessions on the gateway.
  public let vpnUser: String
  /// Keys the digests of requests, so that what is stored of a request tells nobody who has not the
  /// token what was in it.
  let requestKey: Secret

  init(token: TokenRecord, requestKey: Secret) {
    tokenID = token.id
    organisation = token.organisation
    user = token.user
    role = token.role
    product = token.product
    vpnUser = token.vpnUser ?? token.user.text
    self.requestKey = requestKey
  }
}

extension Caller {
  func requireReader() throws(Refusal) { try require([.viewer, .operator, .admin]) }
  func requireOperator() throws(Refusal) { try require([.operator, .admin]) }
  func requireAdministrator() throws(Refusal) { try require([.admin]) }

  /// The device that asks.
  func requireDevice() throws(Refusal) -> ProductID {
    guard role == .device, let product else { throw .forbidden(role) }
    return product
  }

  private func require(_ roles: [Role]) throws(Refusal) {
    guard roles.contains(role) else { throw .forbidden(role) }
  }
}
