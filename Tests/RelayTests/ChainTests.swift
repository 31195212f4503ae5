import Broker
import BrokerClient
import ConnectionService
import Foundation
import Primitives
import Relay
import Testing

/// Two real brokers over loopback, and a device that is attached to the carrier's (CS-23).
@Suite(.timeLimit(.minutes(5))) struct ChainTests {
  /// A carrier that refuses Bob, its device, and our broker with a relay of it.
  struct Chain: Sendable {
    let carrier: ServedBroker
    let ours: ServedBroker
    let device: ModelDevice
    let product: ProductID
    let folder: URL
    let token: String
    static let because = "Bob has no contract with the carrier."

    static var requests: Policy {
      get throws {
        var rule = PolicyRule(.refuse)
        rule.users = [try Name("bob").orFail()]
        rule.because = because
        return Policy(brokers: [try Name("acme").orFail()], rules: [rule])
      }
    }

    func relay() throws -> CarrierRelay {
      try CarrierRelay(
        products: [product], user: try Name("acme").orFail(), client: carrier.client(token),
        logger: ServedBroker.quiet)
    }

    static func folder(_ name: String, in folder: URL) throws -> URL {
      let path = folder.appendingPathComponent(name)
      try FileManager.default.createDirectory(at: path, withIntermediateDirectories: true)
      return path
    }

    static func run(_ body: @escaping @Sendable (Chain) async throws -> Void) async throws {
      let folder = FileManager.default.temporaryDirectory
        .appendingPathComponent("chain-\(UUID().uuidString)")
      defer { try? FileManager.default.removeItem(at: folder) }
      let carrier = try await ServedBroker.start(
        "carrier", in: try Self.folder("carrier", in: folder), requests: try requests)
      let product = try ProductID("press-1").orFail()
      let device = ModelDevice(client: try carrier.client(try await carrier.enrol(product)))
      let token = try await carrier.token("acme")
      let relay = try CarrierRelay(
        products: [product], user: try Name("acme").orFail(), client: carrier.client(token),
        logger: ServedBroker.quiet)
      let ours = try await ServedBroker.start(
        "ours", in: try Self.folder("ours", in: folder), residents: [relay])
      let chain = Chain(
        carrier: carrier, ours: ours, device: device, product: product, folder: folder,
        token: token)
      let running = Task { await device.run() }
      defer { running.cancel() }
      try await ours.awaitDevice(product, online: true)
      let failure: (any Error)?
      do {
        try await body(chain)
        failure = nil
      } catch { failure = error }
      await ours.stop()
      running.cancel()
      await carrier.stop()
      if let failure { throw failure }
    }
  }

  @Test func usersShareAndCloseATunnelThroughTheChain() async throws {
    try await Chain.run { chain in
      let ann = try await chain.ours.person("ann")
      let kim = try await chain.ours.person("kim")
      let first = try await ann.connect(
        chain.product, ConnectRequest(inactivitySeconds: 299, note: "oil"))
      #expect(first.phase == .up)
      #expect(first.vpnAddress == "10.99.0.7")
      #expect(first.inactivitySeconds == 300)
      #expect(first.inactivityWasClamped == true)
      let second = try await kim.connect(chain.product, ConnectRequest())
      #expect(second.tunnel == first.tunnel)
      #expect(second.id != first.id)

      let there = try await chain.carrier.client().connections().items
      #expect(there.map(\.user.text) == ["acme", "acme"])
      #expect(there.last?.note == "for ann, \(first.id): oil")
      let orders = await chain.device.orders
      #expect(orders.map(\.user.text) == ["acme", "acme"])
      #expect(orders.map(\.note) == ["oil", nil])

      #expect(try await ann.close(first.id).phase == .closed)
      #expect(await chain.device.tunnel != nil)
      #expect(try await kim.close(second.id).phase == .closed)
      #expect(await chain.device.tunnel == nil)
      #expect(try await chain.ours.events(.tunnelUnexpectedClose).isEmpty)
    }
  }

  @Test func cs23TheCarriersPolicyRefusesOneUserAndSaysWhy() async throws {
    try await Chain.run { chain in
      let bob = try await chain.ours.person("bob")
      let refusal = await #expect(throws: Refusal.self) {
        _ = try await bob.connect(chain.product, ConnectRequest())
      }
      #expect(refusal?.code == .policyRefused)
      #expect(refusal?.detail == Chain.because)
      let recorded = try await chain.carrier.events(.requestRefused)
      #expect(recorded.map(\.code) == [.policyRefused])
      #expect(recorded.first?.note == Chain.because)
      #expect(try await chain.ours.events(.connectionFailed).map(\.code) == [.policyRefused])
      #expect(await chain.device.orders.isEmpty, "the device never hears of it")
      let ann = try await chain.ours.person("ann")
      #expect(try await ann.connect(chain.product, ConnectRequest()).phase == .up)
    }
  }

  @Test func cs13And23ATunnelLostAtTheCarrierIsOneUnexpectedCloseHere() async throws {
    try await Chain.run { chain in
      let ann = try await chain.ours.person("ann")
      let view = try await ann.connect(chain.product, ConnectRequest())
      try await chain.device.loseTunnel(.deadPeer)
      #expect(try await chain.ours.awaitEnd(view.id).reason == .deadPeer)
      let lost = try await chain.ours.events(.tunnelUnexpectedClose)
      #expect(lost.map(\.tunnel) == [view.tunnel])
      #expect(lost.map(\.reason) == [.deadPeer])
      let again = try await ann.connect(chain.product, ConnectRequest())
      #expect(again.tunnel != view.tunnel)
      #expect(await chain.device.orders.count == 2, "only the new connect made a tunnel")
      #expect(try await chain.ours.events(.tunnelUnexpectedClose).count == 1)
    }
  }

  @Test func aRestartOfOurBrokerLosesAndDoublesNothing() async throws {
    try await Chain.run { chain in
      let token = try await chain.ours.token("ann")
      let ann = try chain.ours.client(token)
      let kept = try await ann.connect(chain.product, ConnectRequest())
      let closed = try await ann.connect(chain.product, ConnectRequest())
      await chain.ours.stop()
      // While nobody listens, the carrier's administrator closes one of them.
      let carrier = try chain.carrier.client()
      let there = try await carrier.connections().items
      let its = try there.first { $0.note?.contains(closed.id.text) == true }.orFail()
      #expect(try await carrier.close(its.id).phase == .closed)
      let ours = try await ServedBroker.start(
        "ours", in: chain.folder.appendingPathComponent("ours"), again: chain.ours,
        residents: [try chain.relay()])
      try await ours.awaitDevice(chain.product, online: true)
      #expect(try await ours.awaitEnd(closed.id).reason == .requested)
      let client = try ours.client(token)
      #expect(try await client.connection(kept.id).phase == .up)
      #expect(await chain.device.orders.count == 2, "nothing is dialled again")
      #expect(try await client.close(kept.id).phase == .closed)
      #expect(await chain.device.tunnel == nil)
      #expect(try await ours.events(.tunnelUnexpectedClose).isEmpty)
      await ours.stop()
    }
  }

  @Test func aCarrierOutOfReachIsADeviceOfflineUntilItIsBack() async throws {
    try await Chain.run { chain in
      let ann = try await chain.ours.person("ann")
      let view = try await ann.connect(chain.product, ConnectRequest())
      await chain.carrier.stop()
      try await chain.ours.awaitDevice(chain.product, online: false)
      let refusal = await #expect(throws: Refusal.self) {
        _ = try await ann.connect(chain.product, ConnectRequest())
      }
      #expect(refusal?.code == .deviceOffline)
      #expect(try await ann.connection(view.id).phase == .up, "a broker is not the tunnel")
      let carrier = try await ServedBroker.start(
        "carrier", in: chain.folder.appendingPathComponent("carrier"), again: chain.carrier,
        requests: try Chain.requests)
      try await chain.ours.awaitDevice(chain.product, online: true)
      #expect(try await ann.connection(view.id).phase == .up)
      #expect(try await ann.close(view.id).phase == .closed)
      #expect(await chain.device.tunnel == nil)
      await chain.ours.stop()
      await carrier.stop()
    }
  }
}
