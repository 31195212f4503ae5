import Primitives
import Testing

@testable import IKE

/// What belongs to one peer and comes from the address of another.
@Suite(.timeLimit(.minutes(5))) struct ElsewhereTests {
  private static let elsewhere = SocketAddress(.v4(IPv4Address(203, 0, 113, 5)), port: 500)

  /// A peer has shown its address by message 3, and the answer goes nowhere else (IK-5): not to
  /// whoever sends a copy of message 3 under an address that he likes.
  @Test func ik5ARepeatedMessage3FromAnotherAddressGetsNoAnswer() throws {
    var pair = try makePair()
    // The answer to message 3 is lost.
    pair.network = { side, _, number in side == .right && number > 1 ? [] : [.milliseconds(10)] }
    _ = pair.connect()
    pair.run(until: .zero + .milliseconds(100))
    let sent = pair.sent(by: .left).map(\.transmit)
    try #require(sent.count == 2)
    var path = pair.translated(sent[1].path, from: .left)
    let again = pair.feed(sent[1].bytes, on: path)
    #expect(again.map(\.path.remote.address) == [Pair.leftAddress])
    // Behind a NAT that has given a new port meanwhile.
    path.remote.port = 501
    #expect(pair.feed(sent[1].bytes, on: path).map(\.path.remote.port) == [501])
    path.remote = Self.elsewhere
    #expect(pair.feed(sent[1].bytes, on: path).isEmpty)
    #expect(pair.right.counters.dropped(.wrongPath) == 1)
  }

  /// The engine remembers so many message ids. What was forgotten and comes again, from anywhere,
  /// shows neither where the peer is nor that it lives.
  @Test func anInformationalThatWasForgottenMovesNothing() throws {
    var pair = try makePair()
    _ = pair.connect()
    pair.run(for: .seconds(1))
    let sa = try #require(pair.left.isakmpSAs.values.first)
    let report = Notification(.replayStatus, protocolID: .isakmp, spi: sa.cookies.bytes)
    var messages: [[UInt8]] = []
    for _ in 0...MessageIDs.informationalsRemembered {
      let message = pair.left.informational(
        [Payload(.notification, report.bytes)], on: sa.id, using: &pair.random)
      messages.append(try #require(message))
    }
    let path = pair.translated(sa.path, from: .left)
    for message in messages { pair.deliver(message, on: path, to: .right) }
    pair.run(for: .seconds(1))
    var elsewhere = path
    elsewhere.remote = Self.elsewhere
    pair.deliver(messages[0], on: elsewhere, to: .right)
    #expect(pair.rightEvents.paths.isEmpty)
    #expect(pair.right.counters.dropped(.replay) == 1)
    // Where it came from before it proves no life.
    let heard = pair.right.connectionViews.map(\.lastAuthenticatedAt)
    pair.deliver(messages[0], on: path, to: .right)
    #expect(pair.right.connectionViews.map(\.lastAuthenticatedAt) == heard)
    // A question with the next number is no copy.
    let ask = Notification(
      .rUThere, protocolID: .isakmp, spi: sa.cookies.bytes, data: bigEndian(sa.dpdSent &+ 1))
    let question = pair.left.informational(
      [Payload(.notification, ask.bytes)], on: sa.id, using: &pair.random)
    pair.deliver(try #require(question), on: elsewhere, to: .right)
    #expect(pair.rightEvents.paths.map(\.remote) == [Self.elsewhere])
  }
}
