import ConnectionService
import Cryptography
import Primitives

extension Broker {
  /// - Parameter token: as it came; anything at all.
  /// - Throws: one and the same `unauthenticated` for a token that is unknown, expired, revoked or of
  ///   a removed device.
  public func authenticate(_ token: String) throws(Refusal) -> Caller {
    guard Tokens.isPlausible(token) else { throw .unauthenticated }
    let hash = Tokens.hash(token)
    let record = try transact { (work) throws(Refusal) -> TokenRecord in
      guard let record = try work.rows.token(hash: hash),
        try work.isGood(record)
      else { throw .unauthenticated }
      return record
    }
    let requestKey = HashAlgorithm.sha256.hmac(
      key: Array(token.utf8), Array("drawbridge request digest".utf8))
    return Caller(token: record, requestKey: Secret(requestKey))
  }
}

extension Work {
  /// Neither expired nor revoked, and of a device that is still the one it was made for.
  func isGood(_ token: TokenRecord) throws(Refusal) -> Bool {
    guard token.revokedAt == nil, token.expiresAt.map({ $0 > now }) ?? true else { return false }
    guard let product = token.product else { return true }
    guard let device = try rows.device(product, locking: false) else { return false }
    return device.removedAt == nil && device.organisation == token.organisation
      && device.enrolledAt <= token.createdAt
  }
}
