/// Characters that nobody guesses and nobody misreads: five random bits each, in Crockford's
/// base 32, in lower case.
public enum RandomID {
  /// Of a connection or tunnel id: 80 bits.
  static let characters = 16
  private static let alphabet = Array("0123456789abcdefghjkmnpqrstvwxyz".utf8)

  /// A new text of so many characters.
  public static func make(
    characters: Int = 16, using random: inout some RandomNumberGenerator
  ) -> String {
    let digits = (0..<characters).map { _ in
      alphabet[Int.random(in: 0..<alphabet.count, using: &random)]
    }
    return String(decoding: digits, as: UTF8.self)
  }

  static func isValid(_ text: Substring) -> Bool {
    text.utf8.count == characters && text.utf8.allSatisfy(alphabet.contains)
  }
}

/// One user's claim on a device's tunnel, e.g. `c-3k9m…`; never used twice.
public struct ConnectionID: Hashable, Comparable, Sendable {
  private static let prefix = "c-"
  public let text: String

  /// `nil` for a text that is no connection id.
  public init?(_ text: String) {
    guard text.hasPrefix(Self.prefix), RandomID.isValid(text.dropFirst(2)) else { return nil }
    self.text = text
  }

  /// A new one.
  public init(using random: inout some RandomNumberGenerator) {
    text = Self.prefix + RandomID.make(using: &random)
  }

  public static func < (left: ConnectionID, right: ConnectionID) -> Bool { left.text < right.text }
}

extension ConnectionID: WireText {
  public static var wireName: String { "connection id" }
}

/// One tunnel in the life of a device, e.g. `t-8q2x…`; never used twice.
public struct TunnelID: Hashable, Comparable, Sendable {
  private static let prefix = "t-"
  public let text: String

  /// `nil` for a text that is no tunnel id.
  public init?(_ text: String) {
    guard text.hasPrefix(Self.prefix), RandomID.isValid(text.dropFirst(2)) else { return nil }
    self.text = text
  }

  /// A new one.
  public init(using random: inout some RandomNumberGenerator) {
    text = Self.prefix + RandomID.make(using: &random)
  }

  public static func < (left: TunnelID, right: TunnelID) -> Bool { left.text < right.text }
}

extension TunnelID: WireText {
  public static var wireName: String { "tunnel id" }
}
