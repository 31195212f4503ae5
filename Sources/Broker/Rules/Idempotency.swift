import ConnectionService
import Cryptography
import Primitives

/// A request that its asker has given a name, so that sending it twice does it once.
struct NamedRequest {
  private static let charactersMax = 128

  let key: IdempotencyKey
  let digest: Digest

  /// `nil` for a request without a name.
  /// - Parameter fields: everything that makes it this request, secrets included: the digest is keyed
  ///   with what only the asker has.
  init?(key: String?, by caller: Caller, fields: [String?]) throws(Refusal) {
    guard let key else { return nil }
    guard (1...Self.charactersMax).contains(key.utf8.count),
      key.utf8.allSatisfy({ (0x21...0x7e).contains($0) })
    else {
      throw .badRequest(
        "The idempotency key is no such key.",
        nextStep: "Give it 1 to \(Self.charactersMax) visible ASCII characters.")
    }
    self.key = IdempotencyKey(tokenID: caller.tokenID, key: key)
    digest = Digest(
      bytes: caller.requestKey.withBytes { secret in
        HashAlgorithm.sha256.hmac(key: secret, fieldText(fields))
      })
  }

  /// What was made of it when it came before; `nil` when it comes for the first time.
  func earlier(in work: Work) throws(Refusal) -> IdempotencyRecord? {
    guard let record = try work.rows.idempotency(key),
      record.createdAt + work.policy.idempotencyLifetime > work.now
    else { return nil }
    guard equalInConstantTime(record.requestDigest.bytes, digest.bytes) else {
      throw .idempotencyConflict
    }
    return record
  }

  /// Remembers what was made of it; `nil` when it was about several connections.
  func remember(_ connection: ConnectionID?, in work: Work) throws(Refusal) {
    try work.rows.insert(
      IdempotencyRecord(
        key: key, requestDigest: digest, connection: connection, createdAt: work.now))
  }
}
