import Broker
import ConnectionService
import Testing

@Suite(.timeLimit(.minutes(5))) struct DeviceSearchTests {
  @Test func aSearchHasOneTo64Bytes() throws {
    let longest = String(repeating: "Ab", count: DeviceSearch.bytesMax / 2)
    #expect(try DeviceSearch(longest).folded == longest.lowercased())
    for text in ["", longest + "a", "a\0"] {
      #expect(throws: Refusal.self) { try DeviceSearch(text) }
    }
  }
}
