import Cryptography
import Primitives

/// Diffie–Hellman work of one exchange, to be run on any thread and given back to the engine.
public struct KeyExchangeJob: Sendable {
  /// Names the job to the engine.
  public let ticket: UInt64
  let group: KeyExchangeGroup
  let privateKey: Secret
  /// `nil` when only our own public value is wanted.
  let peerPublicValue: [UInt8]?
  /// Whether our own public value is wanted.
  let wantsPublicValue: Bool

  /// Does the work: a pure function of the job.
  public func run() -> KeyExchangeResult {
    do throws(CryptographyError) {
      let publicValue = wantsPublicValue ? try group.publicValue(for: privateKey) : []
      let shared: Secret? =
        if let peerPublicValue {
          try group.sharedSecret(privateKey: privateKey, peerPublicValue: peerPublicValue)
        } else {
          nil
        }
      return KeyExchangeResult(
        ticket: ticket, outcome: .success(.init(publicValue: publicValue, shared: shared)))
    } catch {
      return KeyExchangeResult(ticket: ticket, outcome: .failure(error))
    }
  }
}

/// The outcome of a `KeyExchangeJob`.
public struct KeyExchangeResult: Sendable {
  struct Values: Sendable {
    var publicValue: [UInt8]
    var shared: Secret?
  }

  public let ticket: UInt64
  let outcome: Result<Values, CryptographyError>
}
