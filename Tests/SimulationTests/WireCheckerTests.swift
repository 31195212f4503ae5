import Dataplane
import IKE
import Primitives
import Simulation
import Testing

/// The checkers of what is on the wire and of what users send notice planted faults.
@Suite(.timeLimit(.minutes(5))) struct WireCheckerTests {
  private static let message = VirtualPacket(
    source: SocketAddress(.v4(IPv4Address(192, 0, 2, 1)), port: 500),
    destination: SocketAddress(.v4(IPv4Address(192, 0, 2, 2)), port: 500),
    payload: .udp([UInt8](repeating: 7, count: 64)))

  private func at(_ seconds: Int64) -> Instant { .zero + .seconds(seconds) }

  /// What the checker says to one message sent at these seconds.
  private func broken(_ backoff: MessageBackoff, sentAt seconds: [Int64]) -> String? {
    var checker = BackoffChecker(backoff)
    do throws(BrokenPromise) {
      for second in seconds { try checker.note(Self.message, isByTimer: true, at: at(second)) }
    } catch {
      return error.rule
    }
    return nil
  }

  @Test func ik2TheTableOfTheDefaultsPassesAndNothingElse() {
    let table: [Int64] = [0, 4, 12, 28, 52, 84, 124, 172, 228]
    #expect(broken(MessageBackoff(), sentAt: table) == nil)
    #expect(broken(MessageBackoff(), sentAt: [0, 4, 8]) == "IK-2")
    #expect(broken(MessageBackoff(), sentAt: [0, 5]) == "IK-2")
    #expect(broken(MessageBackoff(), sentAt: table + [292]) == "IK-1")
    let none = MessageBackoff(retryLimit: 3, timeoutSeconds: 2, mode: .none)
    #expect(broken(none, sentAt: [10, 12, 14, 16]) == nil)
    #expect(broken(none, sentAt: [10, 12, 16]) == "IK-2")
  }

  @Test func ik4ATimeoutOffItsTickIsNoticed() throws {
    var checker = BackoffChecker(MessageBackoff())
    try checker.note(Self.message, isByTimer: false, at: .zero)
    try checker.noteTimeout(at: at(292))
    #expect(throws: BrokenPromise.self) { try checker.noteTimeout(at: at(291)) }
  }

  @Test func answersToRepeatedRequestsAreNoRetransmissions() throws {
    var checker = BackoffChecker(MessageBackoff())
    try checker.note(Self.message, isByTimer: false, at: .zero)
    try checker.note(Self.message, isByTimer: false, at: at(1))
    #expect(checker.retransmissions == 0)
  }

  // Users' packets

  private static let gateway = IPv4Address(10, 66, 0, 1)
  private static let address = IPv4Address(10, 66, 0, 2)
  private static let ping = Ping(from: address, to: gateway, number: 1)

  /// A user with a session who has sent one packet.
  private func sent(isForbidden: Bool = false, mustArrive: Bool = true) throws -> PacketChecker {
    var checker = PacketChecker()
    try checker.noteUp(SessionID(1), of: "user0", Self.address, at: .zero)
    checker.noteSent(
      Self.ping, by: "user0", life: 1, isForbidden: isForbidden, mustArrive: mustArrive, at: .zero)
    return checker
  }

  private func rule(_ body: () throws(BrokenPromise) -> Void) -> String? {
    do throws(BrokenPromise) { try body() } catch { return error.rule }
    return nil
  }

  @Test func aPacketThatArrivesAndIsAnsweredPasses() throws {
    var checker = try sent()
    let session = try checker.noteArrival(Self.ping, at: at(0))
    #expect(session == SessionID(1))
    try checker.noteArrival(Self.ping.reply, atClientOf: 1, at: at(0))
    try checker.checkOverdue(at: at(9))
  }

  @Test func aReplayedPacketIsNoticed() throws {
    var checker = try sent()
    _ = try checker.noteArrival(Self.ping, at: at(0))
    #expect(
      rule { () throws(BrokenPromise) in _ = try checker.noteArrival(Self.ping, at: at(1)) }
        == "replay")
    try checker.noteArrival(Self.ping.reply, atClientOf: 1, at: at(1))
    #expect(
      rule { () throws(BrokenPromise) in
        try checker.noteArrival(Self.ping.reply, atClientOf: 1, at: at(1))
      } == "replay")
  }

  @Test func aPacketAfterTheEndOfItsSessionIsNoticed() throws {
    var checker = try sent()
    checker.noteDown(SessionID(1))
    #expect(
      rule { () throws(BrokenPromise) in _ = try checker.noteArrival(Self.ping, at: at(1)) }
        == "packets")
  }

  @Test func aPacketThroughTheSessionOfAnotherIsNoticed() throws {
    var checker = try sent()
    checker.noteDown(SessionID(1))
    try checker.noteUp(SessionID(2), of: "user1", Self.address, at: .zero)
    #expect(
      rule { () throws(BrokenPromise) in _ = try checker.noteArrival(Self.ping, at: at(1)) }
        == "cross-talk")
  }

  @Test func anAnswerThatReachesAnotherIsNoticed() throws {
    var checker = try sent()
    _ = try checker.noteArrival(Self.ping, at: at(0))
    #expect(
      rule { () throws(BrokenPromise) in
        try checker.noteArrival(Self.ping.reply, atClientOf: 2, at: at(0))
      } == "cross-talk")
  }

  @Test func aSpoofedPacketThatPassesIsNoticed() throws {
    var checker = try sent(isForbidden: true)
    #expect(
      rule { () throws(BrokenPromise) in _ = try checker.noteArrival(Self.ping, at: at(0)) }
        == "spoofing")
  }

  @Test func anAddressGivenTwiceIsNoticed() throws {
    var checker = try sent()
    #expect(
      rule { () throws(BrokenPromise) in
        try checker.noteUp(SessionID(2), of: "user1", Self.address, at: .zero)
      } == "addresses")
  }

  @Test func aPacketLostOnACalmNetworkIsNoticed() throws {
    let lost = try sent()
    #expect(rule { () throws(BrokenPromise) in try lost.checkOverdue(at: at(2)) } == "no loss")
    try sent(mustArrive: false).checkOverdue(at: at(2))
    var disturbed = try sent()
    disturbed.noteDisturbance()
    try disturbed.checkOverdue(at: at(2))
  }
}
