import PPP
import Primitives
import Testing

@Suite(.timeLimit(.minutes(5))) struct PairTests {
  static let lists: [[AuthenticationProtocol]] = [[.msCHAPv2], [.chapMD5], [.pap], []]

  @Test(arguments: lists)
  func twoLinksComeUpWithEveryAuthentication(list: [AuthenticationProtocol]) {
    var pair = LinkPair(
      gateway: .gateway.with { $0.authentication = list },
      client: .client.with { $0.authentication = list })
    pair.start()
    pair.run(for: .seconds(1))
    let facts = NetworkFacts(
      localAddress: IPv4Address(10, 0, 0, 77), peerAddress: IPv4Address(10, 0, 0, 1),
      dns: LinkPair.offer.dns, mtuBytes: 1400)
    #expect(pair.clientEvents.ups == [facts])
    #expect(pair.clientEvents.downs.isEmpty)
    #expect(pair.gatewayEvents.ups.map(\.peerAddress) == [IPv4Address(10, 0, 0, 77)])
    #expect(pair.gatewayEvents.ups.map(\.mssClamp.ipv4Bytes) == [1360])
    let user = list.isEmpty ? "" : "alice"
    #expect(pair.gatewayEvents.contains(.needsAddress(user: user)))
    let violations = pair.gateway.snapshot.violations.total + pair.client.snapshot.violations.total
    #expect(violations == 0)
  }

  @Test func aWrongPasswordGetsOneGuessAndClosesBothEnds() {
    var pair = LinkPair(client: .client.with { $0.password = Secret(text: "guess") })
    pair.start()
    pair.run(for: .seconds(10))
    #expect(pair.gatewayEvents.downs == [.authenticationFailed])
    #expect(pair.clientEvents.downs == [.authenticationFailed])
    #expect(pair.clientEvents.ups.isEmpty)
    let questions = pair.gatewayEvents.filter { if case .authenticate = $0 { true } else { false } }
    #expect(questions.count == 1)
  }

  @Test func aGatewayThatDoesNotKnowThePasswordIsLeft() {
    var pair = LinkPair()
    pair.storedPassword = nil
    pair.start()
    pair.run(for: .seconds(1))
    guard case .authenticate(let request) = pair.gatewayEvents.last else {
      Issue.record("no question")
      return
    }
    let lie = Array(("S=" + String(repeating: "0", count: 40)).utf8)
    pair.gateway.completeAuthentication(
      request.ticket, .accepted(authenticatorResponse: lie), at: pair.now, using: &pair.random)
    pair.drain()
    pair.run(for: .seconds(10))
    #expect(pair.clientEvents.downs == [.authenticationFailed])
    #expect(pair.clientEvents.ups.isEmpty)
  }

  @Test func closingTerminatesInOrder() {
    var pair = LinkPair()
    pair.start()
    pair.run(for: .seconds(1))
    pair.client.close(.requested, at: pair.now)
    pair.drain()
    pair.run(for: .seconds(1))
    #expect(
      pair.clientEvents.suffix(2) == [
        .networkDown, .down(.requested, detail: "closed by this end"),
      ])
    #expect(pair.gatewayEvents.downs == [.peerClosed])
    pair.run(for: .seconds(600))
    #expect(pair.gatewayEvents.downs == [.peerClosed])
    #expect(pair.gateway.nextTimeout == nil && pair.client.nextTimeout == nil)
  }

  @Test(arguments: 1...300 as ClosedRange<UInt64>)
  func lossCopiesAndReorderingOnlyDelay(seed: UInt64) {
    var pair = LinkPair(seed: seed)
    pair.faults = LinkPair.Faults(lossPercent: 20, duplicatePercent: 15, reorderPercent: 20)
    pair.start()
    pair.run(for: .seconds(85))
    #expect(pair.clientEvents.downs == [] && pair.gatewayEvents.downs == [], "seed \(seed)")
    let addresses = (
      pair.gateway.snapshot.network?.peerAddress, pair.client.snapshot.network?.localAddress
    )
    #expect(addresses.0 == IPv4Address(10, 0, 0, 77), "seed \(seed)")
    #expect(addresses.1 == IPv4Address(10, 0, 0, 77), "seed \(seed)")
    let needs = pair.gatewayEvents.filter { $0 == .needsAddress(user: "alice") }
    #expect(needs.count == 1, "seed \(seed)")
  }

  @Test func theSameSeedGivesTheSameFrames() {
    var traces: [[[UInt8]]] = []
    for _ in 0..<2 {
      var pair = LinkPair(seed: 42)
      pair.faults = LinkPair.Faults(lossPercent: 10, duplicatePercent: 10, reorderPercent: 10)
      pair.start()
      pair.run(for: .seconds(60))
      traces.append(pair.trace.map(\.frame))
    }
    #expect(traces[0] == traces[1])
  }
}
