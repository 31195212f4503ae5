import Primitives
import Testing

@testable import Settings

@Suite struct BrokerConfigurationTests {
  private static let complete = """
    name: east
    listen: {address: 192.0.2.1, port: 443, hostNames: [broker.example, 192.0.2.1], plain: false}
    tls: {certificate: /etc/drawbridge/broker.pem, key: /etc/drawbridge/broker.key}
    data: /srv/broker
    store: {postgresql: "host=/run/postgresql dbname=drawbridge"}
    vpn: {credentials: site, gateway: 198.51.100.1}
    events: {file: /var/log/drawbridge/events.jsonl}
    metrics: {public: true}
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
  }

  @Test func everyKeyIsDocumentedAsItIsRead() throws {
    let schema = try DocumentationTests.schema(of: Self.complete) {
      _ = BrokerConfiguration(reading: &$0)
    }
    #expect(schema == (try DocumentationTests.documented(under: "Broker")))
  }

  @Test(arguments: [
    "listen: {plain: true, address: 192.0.2.1}", "tls: {key: /etc/broker.key}",
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
