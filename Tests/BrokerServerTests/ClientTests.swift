import BrokerClient
import ConnectionService
import Foundation
import Testing

@testable import BrokerServer

@Suite(.timeLimit(.minutes(5))) struct ClientTests {
  private func client(
    _ url: String, _ trust: BrokerAddress.Trust = .system
  ) throws(Refusal) -> BrokerClient {
    try BrokerClient(
      address: BrokerAddress(url: url, trust: trust), token: "x", logger: RunningBroker.quiet)
  }

  @Test func onlyThePinnedCertificateIsTalkedTo() async throws {
    try await RunningBroker.run { broker in
      let fingerprint = try broker.fingerprint.orFail()
      let other = try client(
        broker.url, .fingerprint(String(fingerprint.reversed())))
      let refusal = await #expect(throws: Refusal.self) { _ = try await other.devices() }
      #expect(refusal?.code == .brokerUnreachable)
      #expect(refusal?.detail.contains("fingerprint") == true)
      let system = try client(broker.url)
      let distrust = await #expect(throws: Refusal.self) { _ = try await system.devices() }
      #expect(distrust?.code == .brokerUnreachable)
      // The one that was made is good for the name and address that it was made for.
      let path = broker.folder.path + "/broker-certificate.pem"
      let pinned = try BrokerClient(
        address: BrokerAddress(url: broker.url, trust: .authorities(path: path)),
        token: broker.adminToken, logger: RunningBroker.quiet)
      let page = try await pinned.devices()
      #expect(page.items.isEmpty)
      for file in ["broker-certificate.pem", "broker-key.pem"] {
        let facts = try FileManager.default.attributesOfItem(
          atPath: broker.folder.path + "/" + file)
        #expect(facts[.posixPermissions] as? Int == 0o600)
      }
      let again = try ServerCertificate(selfSignedIn: broker.folder.path, names: ["x"])
      #expect(again.fingerprint == fingerprint)
      #expect(again.tls.minimumTLSVersion == .tlsv12)
    }
  }

  @Test func nobodyThereIsSaidSo() async throws {
    let nobody = try client("http://127.0.0.1:1")
    let refusal = await #expect(throws: Refusal.self) { _ = try await nobody.devices() }
    #expect(refusal?.code == .brokerUnreachable)
    let stream = nobody.deviceStream(as: try AgentInstance("a").orFail())
    let ended = await #expect(throws: Refusal.self) { for try await _ in stream {} }
    #expect(ended?.code == .brokerUnreachable)
  }

  @Test(arguments: [
    "http://broker.example.net", "ftp://127.0.0.1", "broker:8443", "https://", "",
    "https://user@host", "https://host/path", "http://127.0.0.1.example.net",
  ])
  func addressesThatAreNoneAreRefused(url: String) {
    #expect(throws: Refusal.self) { try client(url) }
  }

  @Test func noClientShowsItsToken() throws {
    let shown = try BrokerClient(
      address: BrokerAddress(url: "http://127.0.0.1:1"), token: "dbt_secret",
      logger: RunningBroker.quiet)
    var text = "\(shown) "
    dump(shown, to: &text)
    #expect(!text.contains("dbt_secret"))
  }
}
