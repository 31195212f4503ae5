import Foundation
import Primitives
import Testing

@testable import Settings

/// An agent's file: strict like the others, and with the service's own rules on top.
@Suite(.timeLimit(.minutes(5))) struct AgentConfigurationTests {
  static let complete = """
    broker:
      url: https://broker.example.net:8443
      token: file:/psk
      fingerprint: "AA:bb:cccccccccccccccccccccccccccccccccccccccccccccccccccccccccccc"
    productID: PBX-1
    credentials:
      - name: default
        gateway: 192.0.2.1
        preSharedKey: file:/psk
        user: PBX-1
        password: env:PASSWORD
        listen: {address: 192.0.2.2, ike: 0, natt: 0}
        routes: [10.0.0.0/8]
        isakmp: {proposals: compatible, dpdInterval: 30s, dpdTimeout: 150s}
        ipsec: {transforms: compatible}
        l2tp: {tunnelSecret: env:TUNNEL, localHostName: pbx}
        ppp: {authentication: [mschapv2], mru: 1300}
      - {name: spare, gateway: 192.0.2.9, preSharedKey: a, user: b, password: c}
    tun: {name: vpn0, mtu: 1300}
    history: {path: /tmp/history.sqlite, days: 30, entries: 500}
    control: {socket: /tmp/agent.sock}
    log: {level: debug, captureKeys: off}
    """

  private static func read(_ yaml: String) throws -> Loaded<AgentConfiguration> {
    try ConfigurationLoader.agent(yaml: yaml, secrets: CompleteDocuments.secrets)
  }

  private static func codes(_ yaml: String) -> [Finding.Code] {
    do {
      return try read(yaml).warnings.map(\.code)
    } catch {
      return (error as? ConfigurationRefused)?.errors.map(\.code) ?? []
    }
  }

  @Test func everyKeyIsRead() throws {
    let agent = try Self.read(Self.complete).configuration
    #expect(agent.broker.url == "https://broker.example.net:8443")
    #expect(agent.broker.token == Secret(text: "opensesame"))
    #expect(agent.broker.trust == .fingerprint("aabb" + String(repeating: "c", count: 60)))
    #expect(agent.productID == "PBX-1")
    #expect(agent.credentials.map(\.name) == ["default", "spare"])
    #expect(agent.history.entries == 500)
    #expect(agent.controlSocket == "/tmp/agent.sock")
  }

  @Test func cs12AProfileHasTheServicesRulesWhateverTheFileSays() throws {
    let agent = try Self.read(Self.complete).configuration
    let profile = try #require(
      agent.profile(named: "default", gateway: nil, inactivity: .seconds(600)))
    #expect(profile.inactivity == .seconds(600))
    #expect(profile.isakmpPolicy.dpdInterval == .seconds(30))
    #expect(profile.isakmpPolicy.dpdTimeout == .seconds(150))
    #expect(profile.helloInterval == .zero)
    #expect(profile.ppp.echoInterval == .zero)
    #expect(!profile.keepsTunnel)
    #expect(profile.tun.name == "vpn0")
    #expect(profile.user == "PBX-1")
    #expect(agent.profile(named: "nobody", gateway: nil, inactivity: .zero) == nil)
  }

  @Test func aConnectMayNameAnotherGateway() throws {
    let agent = try Self.read(Self.complete).configuration
    let other = try #require(IPAddress("198.51.100.7"))
    let profile = try #require(
      agent.profile(named: "spare", gateway: other, inactivity: .seconds(600)))
    #expect(profile.gateway == other)
    #expect(profile.isakmpPolicy.peer == .address(other))
    #expect(profile.ipsecPolicy.peer == .address(other))
  }

  @Test func aConnectMayBringItsCredentials() throws {
    let agent = try Self.read(Self.complete).configuration
    let profile = agent.profile(
      gateway: try #require(IPAddress("198.51.100.7")), preSharedKey: Secret(text: "k"),
      user: "u", password: Secret(text: "p"), inactivity: .seconds(300))
    #expect(profile.user == "u")
    #expect(profile.ppp.echoInterval == .zero)
    #expect(profile.isakmpPolicy.dpdTimeout == .seconds(150))
  }

  @Test(arguments: [
    ("broker: {token: x}\n", Finding.Code.missingKey),
    ("credentials: []\n", .missingKey),
    ("broker: {url: \"http://broker.example.net\", token: x}\n", .invalidValue),
    ("broker: {url: \"https://b\", token: x, fingerprint: abc}\n", .invalidValue),
    ("broker: {url: \"https://b\", token: x}\nhistory: {days: 0}\n", .outOfRange),
    ("broker: {url: \"https://b\", token: x}\nhistory: {entries: 99}\n", .outOfRange),
    ("broker: {url: \"https://b\", token: x}\ninactivity: 5m\n", .unknownKey),
  ])
  func whatIsWrongIsNamed(_ yaml: String, _ code: Finding.Code) {
    #expect(Self.codes(yaml) == [code])
  }

  @Test func cs12OtherTimesOfDeadPeerDetectionAreRefused() {
    let yaml = Self.complete.replacing("dpdTimeout: 150s", with: "dpdTimeout: 60s")
    #expect(Self.codes(yaml) == [.inconsistent])
  }

  @Test func twoSetsOfOneNameAreRefused() {
    let yaml = Self.complete.replacing("name: spare", with: "name: default")
    #expect(Self.codes(yaml) == [.duplicateName])
  }

  @Test func theExampleIsValid() throws {
    let path = DocumentationTests.root.appending(path: "Packaging/examples/agent.yaml")
    let yaml = try String(contentsOf: path, encoding: .utf8)
    let secrets = SecretSource(
      file: { _ in [65] }, environment: { _ in "/credentials" })
    #expect(try ConfigurationLoader.agent(yaml: yaml, secrets: secrets).warnings == [])
  }
}
