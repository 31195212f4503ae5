import IKE
import Primitives

/// Gives numbers to what the engines name otherwise: an SA by its cookies, say. A number is never
/// given twice while the process lives.
struct RecordNumbers<Key: Hashable & Sendable>: Sendable {
  private var numbers: [Key: UInt64] = [:]
  private var next: UInt64 = 1

  /// The numbers of everything that exists now, in the order of `keys`; what is not among them is
  /// forgotten, so that the table is as large as the last list.
  mutating func assign(_ keys: [Key]) -> [UInt64] {
    var kept: [Key: UInt64] = [:]
    kept.reserveCapacity(keys.count)
    let result = keys.map { key in
      let number = numbers[key] ?? kept[key] ?? makeNumber()
      kept[key] = number
      return number
    }
    numbers = kept
    return result
  }

  /// What has a number, among what was listed last.
  func key(of number: UInt64) -> Key? { numbers.first { $0.value == number }?.key }

  private mutating func makeNumber() -> UInt64 {
    defer { next += 1 }
    return next
  }
}

/// The numbers of all lists of one loop.
struct LoopRecordNumbers: Sendable {
  /// An exchange: the SA that it belongs to, and its message id (0 in phase 1).
  struct ExchangeKey: Hashable, Sendable {
    var cookies: Cookies
    var messageID: UInt32
  }

  /// A remote address under a destination profile.
  struct DestinationKey: Hashable, Sendable {
    var profile: String
    var remote: IPAddress?
  }

  var exchanges = RecordNumbers<ExchangeKey>()
  var isakmpSAs = RecordNumbers<Cookies>()
  var ipsecSAs = RecordNumbers<UInt32>()
  var destinations = RecordNumbers<DestinationKey>()
}
