import ConnectionService
import Primitives
import Testing

@Suite(.timeLimit(.minutes(5))) struct RelayNoteTests {
  private static let id = "c-0123456789abcdef"

  @Test(arguments: ["", "fix it", "a: b, c: d", "für Ä 🛠️", "\u{1F468}\u{200D}\u{1F469}"])
  func whatIsWrittenIsRead(words: String) throws {
    let note = RelayNote(
      user: try #require(Name("anna@x")), connection: try #require(ConnectionID(Self.id)),
      words: words.isEmpty ? nil : words)
    #expect(RelayNote(note.text) == note)
  }

  @Test func wordsThatDoNotFitAreCutAtACharactersEnd() throws {
    let note = RelayNote(
      user: try #require(Name("anna")), connection: try #require(ConnectionID(Self.id)),
      words: String(repeating: "ü", count: ConnectRequest.noteBytesMax))
    #expect(note.text.utf8.count <= ConnectRequest.noteBytesMax)
    #expect(note.text.utf8.count > ConnectRequest.noteBytesMax - 2)
    #expect(RelayNote(note.text)?.connection == note.connection)
  }

  @Test(arguments: [
    "", "fix it", "for ", "for anna", "for anna,", "for anna, c-1", "for anna, \(id)x",
    "for an na, \(id)", "For anna, \(id)", "for anna, \(id):x", "for , \(id)",
  ])
  func whatNoBrokerHasWrittenIsNone(text: String) {
    #expect(RelayNote(text) == nil)
  }

  @Test func whatIsInForceElsewhereIsKeptAndBounded() {
    for (seconds, wasClamped, kept) in [
      (300, true, 300), (300, false, 300), (1, false, 300), (99_999, true, 3600),
    ] as [(Int64, Bool, Int64)] {
      let timeout = InactivityTimeout(inForceSeconds: seconds, wasClamped: wasClamped)
      #expect(timeout.seconds == kept)
      #expect(timeout.wasClamped == (wasClamped || kept != seconds))
    }
  }
}
