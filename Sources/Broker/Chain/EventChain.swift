import ConnectionService
import Cryptography

/// The chain of hashes that holds the events together: nobody changes, drops, adds or swaps one
/// without all hashes after it being made again.
public enum EventChain {
  /// What the first event follows.
  public static let firstPreviousHash = String(repeating: "0", count: 64)

  /// What is wrong with a record of events.
  public enum Fault: Error, Hashable, Sendable {
    /// The event does not have the hash that it says.
    case changed(sequence: UInt64)
    /// After `sequence` comes another one than the next.
    case missing(after: UInt64)
    /// The event does not follow the one before it.
    case unlinked(sequence: UInt64)
  }

  /// `event` with its place in the chain.
  public static func seal(_ event: ServiceEvent, after head: EventHead?) -> ServiceEvent {
    var sealed = event
    sealed.sequence = (head?.sequence ?? 0) &+ 1
    sealed.previousHash = head?.hash ?? firstPreviousHash
    sealed.hash = hash(of: sealed)
    return sealed
  }

  /// Holds `events`, which follow `head`, against their hashes.
  /// - Parameter head: `nil` when the first one is the first of all.
  /// - Returns: where the chain stands after them, for the events that follow.
  public static func verify(
    _ events: some Sequence<ServiceEvent>, after head: EventHead? = nil
  ) throws(Fault) -> EventHead? {
    var head = head
    for event in events {
      let before = head?.sequence ?? 0
      guard event.sequence == before &+ 1 else { throw .missing(after: before) }
      guard event.previousHash == head?.hash ?? firstPreviousHash else {
        throw .unlinked(sequence: event.sequence)
      }
      guard event.hash == hash(of: event) else { throw .changed(sequence: event.sequence) }
      head = EventHead(sequence: event.sequence, hash: event.hash)
    }
    return head
  }

  /// SHA-256 over the previous hash and every field in the order of their declaration, written as
  /// ``fieldText(_:)`` does.
  static func hash(of event: ServiceEvent) -> String {
    let fields: [String?] = [
      String(event.sequence), event.time.text, event.kind.rawValue, event.organisation?.text,
      event.actor, event.product?.text, event.connection?.text, event.tunnel?.text,
      event.code?.rawValue, event.reason?.rawValue, event.note,
      event.durationSeconds.map { String($0) }, event.bytes.map { String($0) },
    ]
    return hexadecimal(
      HashAlgorithm.sha256.digest(Array(event.previousHash.utf8), fieldText(fields)))
  }

  private static func hexadecimal(_ bytes: [UInt8]) -> String {
    let digits = Array("0123456789abcdef".utf8)
    let text = bytes.flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] }
    return String(decoding: text, as: UTF8.self)
  }
}
