import Primitives
import Testing

@testable import IKE

/// What real clients do differently, each as a transcript.
@Suite(.timeLimit(.minutes(5))) struct ClientQuirkTests {
  private static let outside = IPAddress.v4(IPv4Address(203, 0, 113, 9))

  private func behindNAT() throws -> Pair {
    var pair = try makePair()
    pair.leftOutside = Self.outside
    _ = pair.connect()
    pair.run(for: .seconds(1))
    return pair
  }

  private static var udpTransportSA: Payload {
    let offer = ESPOffer(
      .aesGCM128, encapsulationMode: 4, group: nil,
      lifetime: Lifetime(seconds: 3600, kilobytes: 250_000))
    return Forge.espAssociation([offer.payload(number: 1)])
  }

  @Test func theOldWindowsUpdateSendsAHostNameInQuickMode() throws {
    var pair = try behindNAT()
    let name = Identification(
      kind: Identification.Kind.fqdn, protocolID: 17, port: 1701, data: Array("host".utf8))
    pair.forgeQuickMode1(
      [Self.udpTransportSA, Forge.nonce] + Forge.selectors(initiator: name), messageID: 5)
    let child = try #require(pair.rightEvents.children.last)
    #expect(pair.rightEvents.children.count == 2)
    #expect(child.selectors.remote == Self.outside)
    #expect(child.lifetime.kilobytes == 250_000)
  }

  @Test func windowsVistaGetsTwoOriginalAddressesForTwo() throws {
    var pair = try behindNAT()
    let originals = [Pair.leftAddress, Pair.rightAddress].map {
      Payload(.natOriginalAddress, [1, 0, 0, 0] + $0.bytes)
    }
    for (id, count) in [(5, 2), (6, 1), (7, 0)] as [(UInt32, Int)] {
      pair.forgeQuickMode1(
        [Self.udpTransportSA, Forge.nonce] + Forge.selectors() + originals.prefix(count),
        messageID: id)
      let quickMode = pair.right.quickModes.values.first { $0.key.messageID == id }
      let answered = try #require(quickMode).answerExtras.filter {
        $0.type == .natOriginalAddress
      }
      // racoon, which sends none, gets none.
      #expect(answered.count == count)
    }
  }

  @Test(arguments: [0, 1701, 54_321] as [UInt16])
  func theInitiatorMayUseAnyPort(port: UInt16) throws {
    var pair = try makePair()
    _ = pair.left.initiate(
      ConnectionRequest(
        policy: "ipsec", local: SocketAddress(Pair.leftAddress, port: 500),
        remote: SocketAddress(Pair.rightAddress, port: 500), localPort: port),
      at: pair.now, using: &pair.random)
    pair.drain()
    pair.run(for: .seconds(1))
    #expect(pair.rightEvents.children.map(\.selectors.remotePort) == [port])
    #expect(pair.rightEvents.children.map(\.selectors.localPort) == [1701])
  }

  @Test func windowsDeletesInABurstAndComesBackAtOnce() throws {
    var pair = try makePair()
    for round in 1...5 {
      let id = pair.connect()
      pair.run(for: .milliseconds(200))
      #expect(pair.leftEvents.children.count == round)
      pair.left.close(id, reason: .requested, at: pair.now, using: &pair.random)
      pair.drain()
      pair.run(for: .milliseconds(20))
    }
    #expect(pair.rightEvents.downs.count == 5)
    #expect(pair.rightEvents.up.count == 5)
  }

  @Test func theFourthQuickModeMessageOfWindowsServersIsTolerated() throws {
    var pair = try makePair()
    _ = pair.connect()
    pair.run(for: .seconds(1))
    let sa = try pair.sa(of: .left)
    let key = try #require(pair.left.quickModes.keys.first)
    let message = ISAKMPHeader(
      cookies: sa.cookies, firstPayload: .hash, exchangeType: .quickMode, isEncrypted: true,
      isCommit: true, messageID: key.messageID
    ).message(with: pair.random.bytes(64))
    let path = Path(
      local: Forge.path.remote, remote: Forge.path.local, floated: false)
    pair.deliver(message, on: path, to: .left)
    #expect(pair.left.counters.droppedByKind.isEmpty)
    #expect(pair.left.phase2SAViews.count == 1)
  }

  @Test func windowsMayDeleteAnIdleSAAndNegotiateANewOneLater() throws {
    var pair = try makePair()
    _ = pair.connect()
    pair.run(for: .seconds(1))
    let spi = try #require(pair.leftEvents.children.first).inbound.spi
    pair.forgeInformational([
      Payload(.delete, Delete(protocolID: .esp, spis: [bigEndian(spi)]).bytes)
    ])
    #expect(pair.rightEvents.childDowns.count == 1)
    #expect(pair.rightEvents.downs.isEmpty)
    pair.forgeQuickMode1(
      [Forge.espAssociation(), Forge.nonce] + Forge.selectors(), messageID: 5)
    #expect(pair.rightEvents.children.count == 2)
  }

  @Test func badInput08QuickModesWithMissingDuplicatedOrMisplacedPayloads() throws {
    var pair = try makePair()
    _ = pair.connect()
    pair.run(for: .seconds(1))
    let (sa, nonce, ids) = (Forge.espAssociation(), Forge.nonce, Forge.selectors())
    let wrong: [[Payload]] = [
      [sa] + ids, [nonce] + ids, [sa, sa, nonce] + ids, [sa, nonce, nonce] + ids,
      [nonce, sa] + ids, [sa, nonce, ids[0]], [sa, nonce] + ids + [ids[0]],
    ]
    for (index, payloads) in wrong.enumerated() {
      pair.forgeQuickMode1(payloads, messageID: UInt32(index + 1))
      #expect(pair.rightEvents.children.count == 1)
    }
    let kinds = pair.right.counters.droppedByKind.map(\.kind)
    #expect(kinds == [.payloadDuplicated, .payloadMissing, .payloadOrder])
    // A KE that no group asks for, and no selectors at all, are refused with a reason.
    pair.forgeQuickMode1(
      [sa, nonce, Payload(.keyExchange, Array(repeating: 1, count: 64))] + ids, messageID: 50)
    pair.forgeQuickMode1([sa, nonce], messageID: 51)
    #expect(pair.rightEvents.notes(.quickModeRefused).count == 2)
  }

  @Test func badInput08Message3WithMissingOrDuplicatedPayloads() throws {
    let value = Payload(.keyExchange, Array(repeating: 1, count: 64))
    for payloads in [
      [value], [Forge.nonce], [value, value, Forge.nonce], [value, Forge.nonce, Forge.nonce], [],
    ] {
      var pair = try makeResponder()
      let second = pair.feed(Forge.firstMessage())
      let cookies = try ISAKMPHeader(parsing: try #require(second.first).bytes).cookies
      let answers = pair.feed(
        Forge.clear(payloads, initiator: cookies.initiator, responder: cookies.responder))
      #expect(answers.isEmpty)
      #expect(pair.right.isakmpSAs.values.first?.phase == .awaitingPeerKeyExchange)
    }
  }

  @Test func bundlesWithAHAreSkippedAndTheAlternativeTaken() throws {
    var pair = try makePair()
    _ = pair.connect()
    pair.run(for: .seconds(1))
    let good = try SecurityAssociation(parsing: Forge.espAssociation().body).proposals[0]
    var (ah, esp, alone) = (good, good, good)
    ah.protocolID = .ah
    esp.number = 1
    alone.number = 2
    alone.spi = [9, 9, 9, 9]
    let offer = SecurityAssociation(proposals: [ah, esp, alone])
    pair.forgeQuickMode1(
      [Payload(.securityAssociation, offer.bytes), Forge.nonce] + Forge.selectors(), messageID: 5)
    #expect(pair.rightEvents.children.last?.outbound.spi == 0x0909_0909)
  }
}
