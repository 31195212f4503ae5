import Cryptography
import Primitives
import Testing

@testable import IKE

/// Message 1 of quick mode from an authentic peer that asks for what it may not have.
@Suite(.timeLimit(.minutes(5))) struct QuickModeRequestTests {
  private func established() throws -> Pair {
    var pair = try makePair()
    _ = pair.connect()
    pair.run(for: .seconds(1))
    return pair
  }

  private func ids(_ initiator: Identification, _ responder: Identification) -> [Payload] {
    [initiator, responder].map { Payload(.identification, $0.bytes) }
  }

  @Test func onlyUDPPort1701OfTheTwoHostsIsServed() throws {
    var pair = try established()
    let mine = Identification(Pair.leftAddress, protocolID: 17, port: 1701)
    let yours = Identification(Pair.rightAddress, protocolID: 17, port: 1701)
    let stranger = IPAddress.v4(IPv4Address(203, 0, 113, 77))
    let wide = Identification(
      kind: Identification.Kind.ipv4Subnet, protocolID: 17, port: 1701,
      data: Pair.rightAddress.bytes + [255, 255, 255, 0])
    let wrong: [[Payload]] = [
      ids(Identification(Pair.leftAddress, protocolID: 6, port: 1701), yours),
      ids(Identification(Pair.leftAddress, port: 1701), yours),
      ids(mine, Identification(Pair.rightAddress, protocolID: 6, port: 1701)),
      ids(mine, Identification(Pair.rightAddress, protocolID: 17, port: 1702)),
      ids(mine, Identification(Pair.rightAddress, protocolID: 17)),
      ids(mine, Identification(stranger, protocolID: 17, port: 1701)),
      ids(Identification(stranger, protocolID: 17, port: 1701), yours), ids(yours, mine),
      ids(mine, wide), ids(wide, yours), [],
    ]
    for (index, selectors) in wrong.enumerated() {
      pair.forgeQuickMode1(
        [Forge.espAssociation(), Forge.nonce] + selectors, messageID: UInt32(100 + index))
      #expect(pair.rightEvents.children.count == 1)
      #expect(pair.rightEvents.notes(.quickModeRefused).count == index + 1)
    }
    #expect(pair.right.counters.droppedByKind.isEmpty)
    pair.forgeQuickMode1(
      [Forge.espAssociation(), Forge.nonce] + ids(mine, yours), messageID: 200)
    #expect(pair.rightEvents.children.count == 2)
  }

  /// The mode must fit what NAT discovery found.
  @Test(arguments: [false, true])
  func theEncapsulationMustFitThePath(isBehindNAT: Bool) throws {
    var pair = try makePair()
    if isBehindNAT { pair.leftOutside = .v4(IPv4Address(203, 0, 113, 9)) }
    _ = pair.connect()
    pair.run(for: .seconds(1))
    for (number, mode) in [1, 2, 3, 4, 61_443, 61_444, 0].enumerated() {
      let offer = ESPOffer(
        .aesGCM128, encapsulationMode: UInt16(mode), group: nil, lifetime: Lifetime(seconds: 3600))
      let before = pair.rightEvents.children.count
      pair.forgeQuickMode1(
        [Forge.espAssociation([offer.payload(number: 1)]), Forge.nonce] + Forge.selectors(),
        messageID: UInt32(100 + number))
      let isServed = isBehindNAT ? [4, 61_444].contains(mode) : mode == 2
      #expect(pair.rightEvents.children.count == before + (isServed ? 1 : 0), "mode \(mode)")
    }
  }

  /// Done when the peer asks, in a group that phase 1 may have too; required when the policy says.
  @Test func groupsOfForwardSecrecyAreThoseOfThePolicies() throws {
    for (required, asked, isServed) in [
      (nil, nil, true), (nil, .ecp256, true), (nil, .modp1024, false), (.ecp384, .ecp384, true),
      (.ecp384, .ecp256, false), (.ecp384, nil, false),
    ] as [(KeyExchangeGroup?, KeyExchangeGroup?, Bool)] {
      var pair = try makePair(
        left: { $0.ipsec.perfectForwardSecrecy = asked },
        right: { $0.ipsec.perfectForwardSecrecy = required })
      _ = pair.connect()
      pair.run(for: .seconds(3))
      #expect(pair.rightEvents.children.count == (isServed ? 1 : 0))
      #expect(pair.leftEvents.children.count == (isServed ? 1 : 0))
      guard isServed else { continue }
      #expect(pair.rightEvents.children.map(\.perfectForwardSecrecy) == [asked != nil])
    }
  }

  /// The answer stands under the number that the peer gave its proposal, with its own transform.
  @Test func theAnswerNamesTheProposalThatWasChosen() throws {
    var pair = try established()
    let good = try SecurityAssociation(parsing: Forge.espAssociation().body).proposals[0]
    var (unknown, chosen) = (good, good)
    unknown.number = 1
    unknown.transforms[0].id = 11
    chosen.number = 9
    chosen.spi = [9, 9, 9, 9]
    chosen.transforms = [unknown.transforms[0], good.transforms[0]]
    chosen.transforms[1].number = 5
    let offer = SecurityAssociation(proposals: [unknown, chosen])
    pair.forgeQuickMode1(
      [Payload(.securityAssociation, offer.bytes), Forge.nonce] + Forge.selectors(), messageID: 5)
    let quickMode = try #require(pair.right.quickModes.values.first { $0.key.messageID == 5 })
    let answer = try SecurityAssociation(parsing: quickMode.answerSA)
    #expect(answer.proposals.map(\.number) == [9])
    #expect(answer.proposals.map(\.protocolID) == [.esp])
    #expect(answer.proposals.first?.transforms == [chosen.transforms[1]])
    #expect(answer.proposals.first?.spi == bigEndian(quickMode.inboundSPI))
    #expect(quickMode.outboundSPI == 0x0909_0909)
  }
}
