import Primitives
import Testing

@testable import IKE

/// What is told to somebody who wants to read a capture.
@Suite(.timeLimit(.minutes(5))) struct KeyReportTests {
  @Test func bothEndsReportTheSameKeyOnceForEveryISAKMPSA() throws {
    let change: (inout Setup) -> Void = {
      $0.reportsKeys = true
      $0.isakmp.lifetimeSeconds = 1000
    }
    var pair = try makePair(left: change, right: change)
    _ = pair.connect()
    pair.run(for: .seconds(1))
    #expect(pair.leftEvents.keys.count == 1)
    // The cookie is the wire's, the key is the one that the messages are sealed with.
    let first = try #require(pair.wire.first)
    let cookie = try ISAKMPHeader(parsing: first.transmit.bytes).cookies.initiator
    #expect(pair.leftEvents.keys.first?.initiatorCookie == cookie)
    #expect(try pair.leftEvents.keys.first?.key == pair.sa(of: .left).keys?.cipherKey)
    // Past the rekeying.
    pair.run(for: .seconds(960))
    let (mine, theirs) = (pair.leftEvents.keys, pair.rightEvents.keys)
    #expect(mine.count == 2)
    #expect(mine.map(\.initiatorCookie) == theirs.map(\.initiatorCookie))
    #expect(mine.map(\.key) == theirs.map(\.key))
    #expect(mine.first?.key != mine.last?.key)
  }

  @Test func nobodyReportsKeysWithoutBeingAsked() throws {
    var pair = try makePair(right: { $0.reportsKeys = true })
    _ = pair.connect()
    pair.run(for: .seconds(1))
    #expect(pair.leftEvents.up.count == 1)
    #expect(pair.leftEvents.keys.isEmpty)
    #expect(pair.rightEvents.keys.count == 1)
  }
}
