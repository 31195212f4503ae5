import Cryptography
import Primitives

@testable import IKE

extension KeyExchangeJob {
  /// A result that both ends agree on and that costs nothing: the public value is the private key
  /// again and again, the secret both keys, one laid over the other.
  ///
  /// The arithmetic has tests of its own; to the engine it is a job that comes back. As in earnest,
  /// a value of the wrong length, or one that no peer may send (all zero), fails.
  func pretend() -> KeyExchangeResult {
    let own = privateKey.withBytes { Self.repeated($0, count: group.publicValueLength) }
    guard let peerPublicValue else { return result(own, shared: nil) }
    guard peerPublicValue.count == group.publicValueLength,
      peerPublicValue.contains(where: { $0 != 0 })
    else { return KeyExchangeResult(ticket: ticket, outcome: .failure(.invalidPublicValue)) }
    let both = zip(own, peerPublicValue).map { $0 ^ $1 }
    return result(own, shared: Secret(Self.repeated(both, count: group.sharedSecretLength)))
  }

  private func result(_ own: [UInt8], shared: Secret?) -> KeyExchangeResult {
    KeyExchangeResult(
      ticket: ticket,
      outcome: .success(.init(publicValue: wantsPublicValue ? own : [], shared: shared)))
  }

  private static func repeated(_ bytes: [UInt8], count: Int) -> [UInt8] {
    (0..<count).map { bytes.isEmpty ? 0 : bytes[$0 % bytes.count] }
  }
}
