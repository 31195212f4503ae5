import ConnectionService
import Primitives
import Testing

@Suite(.timeLimit(.minutes(5))) struct NameTests {
  private static let longest = String(repeating: "a", count: 64)

  @Test(arguments: ["a", "9", "pump-1", "PUMP_1.b", "A", longest])
  func whatANameAndAProductIDMayBe(_ text: String) {
    #expect(Name(text)?.text == text)
    #expect(ProductID(text)?.text == text)
  }

  @Test(arguments: [
    "", "-a", ".a", "_a", "@a", "a b", "a/b", "a\n", "a\u{0}", "é", "a%", "a\"", "а", "a+b", "..",
    longest + "a",
  ])
  func whatTheyMayNotBe(_ text: String) {
    #expect(Name(text) == nil)
    #expect(ProductID(text) == nil)
  }

  @Test func onlyANameMayHaveAnAt() {
    #expect(Name("ann@example.org") != nil)
    #expect(ProductID("ann@example.org") == nil)
  }

  @Test func newIDsAreValidAndAllDifferent() {
    var random = SeededRandom(seed: 3)
    var connections: Set<ConnectionID> = []
    for _ in 0..<1000 {
      let connection = ConnectionID(using: &random)
      let tunnel = TunnelID(using: &random)
      #expect(ConnectionID(connection.text) == connection)
      #expect(TunnelID(tunnel.text) == tunnel)
      #expect(ConnectionID(tunnel.text) == nil)
      connections.insert(connection)
    }
    #expect(connections.count == 1000)
    #expect(RandomID.make(characters: 4, using: &random).utf8.count == 4)
  }

  @Test(arguments: [
    "", "c-", "c-0123456789abcde", "c-0123456789abcdefg", "C-0123456789abcdef",
    "c-0123456789abcdeF", "c-0123456789abcdei", "c-0123456789abcdé", "c_0123456789abcdef",
    "c-0123456789abcde\u{301}",
  ])
  func whatIsNoConnectionIDIsRefused(_ text: String) { #expect(ConnectionID(text) == nil) }
}
