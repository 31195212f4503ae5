import Primitives
import Testing

@testable import Settings

@Suite(.timeLimit(.minutes(5))) struct BrokerConfigurationTests {
  private static let complete = """
    name: east
    listen: {address: 192.0.2.1, port: 443, hostNames: [broker.example, 192.0.2.1], plain: false}
    tls: {certificate: /etc/drawbridge/broker.pem, key: /etc/drawbridge/broker.key}
    data: /srv/broker
    store: {postgresql: "host=/run/postgresql dbname=drawbridge"}
    vpn: {credentials: site, gateway: 198.51.100.1}
    events: {file: /var/log/drawbridge/events.jsonl}
    metrics: {public: true}
    relays:
      - {url: "https://carrier.example", token: "file:/psk", authorities: /ca.pem, user: acme,
         devices: [press-1, press-2]}
    policy:
      brokers: [acme]
      rules:
        - {verdict: refuse, requests: [connect], organisations: [default], applications: [acme],
           users: [bob], roles: [operator], products: [press-*], hours: "22:00-06:00",
           because: no night work}
    limits: {connections: 100, devices: 50, eventStreams: 10}
    log: {level: debug}
    """

  private static func read(_ yaml: String) throws -> BrokerConfiguration {
    try ConfigurationLoader.broker(yaml: yaml, secrets: CompleteDocuments.secrets).configuration
  }

  @Test func anEmptyFileIsABrokerOnLoopback() throws {
    #expect(try Self.read("{}") == BrokerConfiguration())
  }

  @Test func everyKeyIsTaken() throws {
    let broker = try Self.read(Self.complete)
    #expect(broker.name == "east")
    #expect(broker.port == 443)
    #expect(broker.certificate?.key == "/etc/drawbridge/broker.key")
    #expect(broker.postgreSQL == Secret(text: "host=/run/postgresql dbname=drawbridge"))
    #expect(broker.vpnGateway == "198.51.100.1")
    #expect(broker.limits.devices == 50)
    #expect(broker.relays.first?.carrier.url == "https://carrier.example")
    #expect(broker.relays.first?.user == "acme")
    #expect(broker.relays.first?.devices == ["press-1", "press-2"])
    let rule = try #require(broker.policy.rules.first)
    #expect(broker.policy.brokers == ["acme"])
    #expect(rule.verdict == .refuse)
    #expect(rule.requests == [.connect])
    #expect(rule.users == ["bob"])
    #expect(rule.products == ["press-*"])
    #expect(rule.hours == DailyHours(beginMinute: 1320, endMinute: 360))
    #expect(rule.because == "no night work")
  }

  @Test func everyKeyIsDocumentedAsItIsRead() throws {
    let schema = try DocumentationTests.schema(of: Self.complete) {
      _ = BrokerConfiguration(reading: &$0)
    }
    #expect(schema == (try DocumentationTests.documented(under: "Broker")))
  }

  @Test(arguments: [
    "listen: {plain: true, address: 192.0.2.1}", "tls: {key: /etc/broker.key}",
    "relays: [{devices: [press-1]}]", "relays: [{url: \"https://c\", token: x}]",
    "relays: [{url: \"https://c\", devices: [press-1]}]", "policy: {rules: [{users: [bob]}]}",
    "policy: {rules: [{verdict: maybe}]}", "policy: {rules: [{verdict: refuse, hours: 7-19}]}",
    "policy: {rules: [{verdict: refuse, products: [\"p*x\"]}]}",
    "limits: {devices: 0}", "listen: {port: 0}", "stor: {}",
  ])
  func whatMakesNoSenseIsRefused(yaml: String) {
    #expect(throws: ConfigurationRefused.self) { try Self.read(yaml) }
  }

  @Test(arguments: ["127.0.0.1", "127.9.9.9", "::1"])
  func plainHTTPIsTakenOnLoopback(address: String) throws {
    #expect(try Self.read("listen: {plain: true, address: \"\(address)\"}").isPlain)
  }
}
