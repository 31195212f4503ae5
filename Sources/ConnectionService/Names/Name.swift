/// The name of an organisation, a user, a gateway or a broker: 1 to 64 characters of
/// `A-Z a-z 0-9 . _ @ -`, beginning with a letter or digit.
public struct Name: Hashable, Comparable, Sendable {
  public static let charactersMax = 64

  public let text: String

  /// `nil` for a text that is no such name.
  public init?(_ text: String) {
    guard Self.isValid(text, also: "@") else { return nil }
    self.text = text
  }

  public static func < (left: Name, right: Name) -> Bool { left.text < right.text }

  /// Nothing that would have to be escaped in a path, a log line, a query or a file name.
  static func isValid(_ text: String, also extra: Character? = nil) -> Bool {
    guard text.utf8.count <= charactersMax, let first = text.utf8.first,
      isLetterOrDigit(first)
    else { return false }
    return text.utf8.allSatisfy { byte in
      isLetterOrDigit(byte) || byte == UInt8(ascii: ".") || byte == UInt8(ascii: "_")
        || byte == UInt8(ascii: "-") || byte == extra?.asciiValue
    }
  }

  private static func isLetterOrDigit(_ byte: UInt8) -> Bool {
    switch byte {
    case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
      UInt8(ascii: "0")...UInt8(ascii: "9"):
      true
    default: false
    }
  }
}

extension Name: WireText {
  public static var wireName: String { "name" }
}
