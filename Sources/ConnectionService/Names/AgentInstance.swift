/// What one run of an agent calls itself when it asks for its stream, so that a broker can tell it
/// from another agent with the same token (CS-21): 1 to 64 characters of `A-Z a-z 0-9 -`.
public struct AgentInstance: Hashable, Sendable {
  /// The field of the request that carries it.
  public static let headerName = "Drawbridge-Instance"
  /// The longest one there is.
  public static let charactersMax = 64
  /// Of one that is made here: 130 bits.
  private static let randomCharacters = 26

  public let text: String

  /// `nil` for a text that is no instance.
  public init?(_ text: String) {
    guard (1...Self.charactersMax).contains(text.utf8.count),
      text.utf8.allSatisfy(Self.isAllowed)
    else { return nil }
    self.text = text
  }

  /// A new one.
  public init(using random: inout some RandomNumberGenerator) {
    text = RandomID.make(characters: Self.randomCharacters, using: &random)
  }

  private static func isAllowed(_ byte: UInt8) -> Bool {
    switch byte {
    case UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "a")...UInt8(ascii: "z"),
      UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"):
      true
    default: false
    }
  }
}

extension AgentInstance: WireText {
  public static var wireName: String { "agent instance" }
}
