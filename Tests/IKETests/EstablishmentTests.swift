import Cryptography
import IKE
import Primitives
import Testing

@Suite struct EstablishmentTests {
  @Test func mainModeAndQuickModeGiveBothEndsTheSameSAs() throws {
    var pair = try makePair()
    let id = pair.connect()
    pair.run(for: .seconds(1))
    #expect(pair.leftEvents.up.map(\.id) == [id])
    #expect(pair.rightEvents.up.count == 1)
    let mine = try #require(pair.leftEvents.children.first)
    let theirs = try #require(pair.rightEvents.children.first)
    #expect(agree(mine, theirs))
    #expect(mine.encapsulation == .plain)
    #expect(pair.leftEvents.ready == [mine.inbound.spi])
    #expect(pair.rightEvents.ready == [theirs.inbound.spi])
    #expect(pair.wire.count == 9)
  }
}
