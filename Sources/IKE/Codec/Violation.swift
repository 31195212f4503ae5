/// What a peer's message did wrong: it is dropped, counted under this kind, and changes nothing.
///
/// The raw value is the stable `kind` label of the counters.
public enum Violation: String, Error, CaseIterable, Sendable, Comparable {
  /// Fewer bytes than a header, or an inner structure that ends early.
  case truncated
  /// More bytes than `ISAKMPHeader.messageBytesMax`.
  case messageTooLong
  /// The header's length differs from the datagram's.
  case headerLength
  /// Not major version 1.
  case version
  /// An initiator cookie of zero, or cookies that do not fit the message's place.
  case cookies
  /// An exchange this engine does not run.
  case exchangeType
  /// A message id that this exchange does not allow, or one used before.
  case messageID
  /// A payload's length is below its header or beyond the message.
  case payloadLength
  /// A RESERVED field is not zero (RFC 2408 §5.3).
  case reserved
  /// A payload type that cannot occur in IKEv1.
  case payloadType
  /// More payloads than `PayloadChain.payloadsMax`.
  case payloadCount
  /// A payload that the exchange requires is absent.
  case payloadMissing
  /// A payload occurs more often than the exchange allows.
  case payloadDuplicated
  /// A payload is not where the exchange requires it.
  case payloadOrder
  /// A domain of interpretation or situation other than IPsec, identity only.
  case situation
  case proposal
  case transform
  case attribute
  case keyExchange
  case nonce
  case identification
  case notification
  case delete
  case natDiscovery
  case natOriginalAddress
  /// Encrypted where it must be clear, or clear where it must be encrypted.
  case encryption
  /// A ciphertext that is empty or not whole blocks.
  case ciphertext
  /// HASH is missing or wrong: nothing of the message is believed.
  case hash
  /// Cookies of no ISAKMP SA of ours.
  case unknownSA
  /// A message that the state of the exchange does not expect.
  case unexpected
  /// From another address than the exchange belongs to.
  case wrongPath
  /// A sequence number or message seen before.
  case replay
  /// A limit of this engine was reached; the peer may try again.
  case limit
  /// No policy or secret serves this peer.
  case noPolicy

  public static func < (left: Violation, right: Violation) -> Bool {
    left.rawValue < right.rawValue
  }
}
