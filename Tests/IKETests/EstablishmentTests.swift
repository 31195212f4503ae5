import Cryptography
import IKE
import Primitives
import Testing

@Suite(.timeLimit(.minutes(5))) struct EstablishmentTests {
  @Test(arguments: Family.allCases)
  func mainModeAndQuickModeGiveBothEndsTheSameSAs(family: Family) throws {
    var pair = try makePair(family: family)
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

  @Test func eachEndHasTheReplayWindowOfItsOwnPolicy() throws {
    var pair = try makePair(right: { $0.ipsec.replayWindowPackets = 1024 })
    _ = pair.connect()
    pair.run(for: .seconds(1))
    #expect(pair.leftEvents.children.map(\.replayWindow) == [64])
    #expect(pair.rightEvents.children.map(\.replayWindow) == [1024])
    #expect(pair.right.phase2SAViews.map(\.replayWindowPackets) == [1024])
  }

  @Test(arguments: ESPTransform.all)
  func everyTransformGetsKeysOfItsLengths(transform: ESPTransform) throws {
    let change: (inout Setup) -> Void = { $0.ipsec.transforms = [transform] }
    var pair = try makePair(left: change, right: change)
    _ = pair.connect()
    pair.run(for: .seconds(1))
    let mine = try #require(pair.leftEvents.children.first)
    let theirs = try #require(pair.rightEvents.children.first)
    #expect(agree(mine, theirs))
    #expect(mine.transform == transform)
    #expect(mine.inbound.keys.encryption.count == transform.encryptionKeyBytes)
    #expect(mine.inbound.keys.integrity.count == transform.integrityKeyBytes)
    #expect(mine.inbound.keys.encryption != mine.outbound.keys.encryption)
  }

  @Test(arguments: KeyExchangeGroup.allCases)
  func everyGroupServesBothPhases(group: KeyExchangeGroup) throws {
    let change: (inout Setup) -> Void = {
      $0.isakmp.transforms = [ISAKMPTransform(.aesCBC128, .sha256, group)]
      $0.ipsec.perfectForwardSecrecy = group
    }
    var pair = try makePair(left: change, right: change)
    _ = pair.connect()
    pair.run(for: .seconds(1))
    #expect(pair.leftEvents.up.first?.facts.transform.group == group)
    let mine = try #require(pair.leftEvents.children.first)
    let theirs = try #require(pair.rightEvents.children.first)
    #expect(agree(mine, theirs))
    #expect(mine.perfectForwardSecrecy)
    #expect(pair.left.phase2SAViews.map(\.pfsGroup) == [group])
    #expect(pair.right.phase2SAViews.map(\.pfsGroup) == [group])
  }
}
