/// The note of a connection that a broker asks another broker for: whose it is and what the asking
/// broker calls it, then the user's own words (CS-23).
///
/// `for anna, c-3k9m…: change the filter`. That the broker in between calls the connection by its own
/// id stands where the connection does, so nothing else has to remember it.
public struct RelayNote: Hashable, Sendable {
  public var user: Name
  /// As the asking broker calls it.
  public var connection: ConnectionID
  /// The user's words.
  public var words: String?

  public init(user: Name, connection: ConnectionID, words: String?) {
    self.user = user
    self.connection = connection
    self.words = words
  }

  private static let opening = "for "
  private static let comma = ", "
  private static let colon = ": "

  /// `nil` for a note that no broker has written.
  public init?(_ note: String) {
    guard note.hasPrefix(Self.opening) else { return nil }
    let rest = note.dropFirst(Self.opening.count)
    guard let end = rest.firstIndex(of: ","), let user = Name(String(rest[..<end])),
      rest[end...].hasPrefix(Self.comma)
    else { return nil }
    let named = rest[end...].dropFirst(Self.comma.count)
    let id = named.prefix { $0 != ":" }
    guard let connection = ConnectionID(String(id)) else { return nil }
    let tail = named[id.endIndex...]
    guard tail.isEmpty || tail.hasPrefix(Self.colon) else { return nil }
    let words = tail.dropFirst(Self.colon.count)
    self.init(user: user, connection: connection, words: words.isEmpty ? nil : String(words))
  }

  /// What a device is told: the user's own words, with or without a broker in between.
  public static func words(in note: String?) -> String? {
    guard let note, let relayed = RelayNote(note) else { return note }
    return relayed.words
  }

  /// The note as it travels; words that no longer fit are cut at a character's end.
  public var text: String {
    var text = Self.opening + user.text + Self.comma + connection.text
    guard let words, !words.isEmpty else { return text }
    text += Self.colon
    for character in words {
      guard text.utf8.count + character.utf8.count <= ConnectRequest.noteBytesMax else { break }
      text.append(character)
    }
    return text
  }
}
