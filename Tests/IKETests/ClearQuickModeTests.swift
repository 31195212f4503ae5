import Primitives
import Testing

@testable import IKE

@Suite(.timeLimit(.minutes(5))) struct ClearQuickModeTests {
  /// Sealed or not: a header without the encryption bit is not one of quick mode (RFC 2409 §5.5).
  @Test func aQuickModeThatSaysItIsInTheClearIsNotOpened() throws {
    var pair = try makePair()
    _ = pair.connect()
    pair.run(for: .seconds(1))
    let sa = try pair.sa(of: .left)
    let keys = try #require(sa.keys)
    var message = pair.left.seal(
      [Forge.espAssociation(), Forge.nonce] + Forge.selectors(), .quickMode, messageID: 5,
      cookies: sa.cookies, keys: keys, iv: keys.phase2IV(lastBlock: sa.iv, messageID: 5)
    ).message
    let path = pair.translated(sa.path, from: .left)
    let flags = 19
    #expect(message[flags] == 1)
    message[flags] = 0
    pair.deliver(message, on: path, to: .right)
    pair.run(for: .milliseconds(100))
    let refused = pair.right.counters.dropped(.encryption)
    #expect(refused == 1)
    #expect(pair.rightEvents.children.count == 1)
    message[flags] = 1
    pair.deliver(message, on: path, to: .right)
    pair.run(for: .milliseconds(100))
    #expect(pair.rightEvents.children.count == 2)
  }
}
