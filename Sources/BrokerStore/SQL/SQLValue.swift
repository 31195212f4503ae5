import Broker
import ConnectionService

/// One value in a row, as both databases know it.
enum SQLValue: Hashable, Sendable {
  case null
  case integer(Int64)
  case text(String)
  case bytes([UInt8])
}

extension SQLValue {
  static func text(_ text: String?) -> SQLValue { text.map { .text($0) } ?? .null }
  static func text(_ value: some WireText) -> SQLValue { .text(value.text) }
  static func text(_ value: (some WireText)?) -> SQLValue { text(value?.text) }
  static func text<Word: RawRepresentable<String>>(_ word: Word) -> SQLValue {
    .text(word.rawValue)
  }
  static func text<Word: RawRepresentable<String>>(_ word: Word?) -> SQLValue {
    text(word?.rawValue)
  }
  static func integer(_ number: Int64?) -> SQLValue { number.map { .integer($0) } ?? .null }
  static func integer(_ number: Int) -> SQLValue { .integer(Int64(number)) }
  static func flag(_ flag: Bool?) -> SQLValue { flag.map { .integer($0 ? 1 : 0) } ?? .null }
  static func time(_ time: Timestamp?) -> SQLValue { integer(time?.milliseconds) }
  static func digest(_ digest: Digest) -> SQLValue { .bytes(digest.bytes) }

  /// A number that a statement only stores, bit by bit: the databases have no unsigned numbers, and a
  /// device may report any (2⁶³ and above read as negative in the table).
  static func bits(_ number: UInt64?) -> SQLValue {
    integer(number.map { Int64(bitPattern: $0) })
  }

  /// A number that the database orders or compares: 2⁶³ and above, which nobody counts up to, become
  /// 2⁶³ − 1.
  static func ordered(_ number: UInt64) -> SQLValue { .integer(Int64(clamping: number)) }

  /// PostgreSQL has no NUL in texts; SQLite would store it and cut the text elsewhere.
  var holdsNUL: Bool {
    guard case .text(let text) = self else { return false }
    return text.utf8.contains(0)
  }
}
