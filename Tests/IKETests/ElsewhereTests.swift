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
}
