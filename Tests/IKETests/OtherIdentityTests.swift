import Primitives
import Testing

@testable import IKE

@Suite(.timeLimit(.minutes(5))) struct OtherIdentityTests {
  /// From one socket, with one group secret, two people may come one after the other.
  @Test func aMainModeUnderAnotherIdentityJoinsNoConnection() throws {
    let (anna, bert) = (Identity(text: "anna"), Identity(text: "bert"))
    func setUp(_ setup: inout Setup, as identity: Identity) {
      setup.isakmp.localIdentity = identity
      setup.isakmp.lifetimeSeconds = 600
    }
    var pair = try makePair(left: { setUp(&$0, as: anna) })
    _ = pair.connect()
    pair.run(for: .seconds(1))
    var other = Setup()
    setUp(&other, as: bert)
    pair.left.reload(try other.configuration())
    pair.run(for: .seconds(600))
    let up = pair.rightEvents.up
    #expect(up.map(\.facts.identity) == [anna, bert])
    #expect(Set(up.map(\.id)).count == 2)
  }
}
