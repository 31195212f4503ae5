import Control
import IKE
import PPP
import Primitives
import Settings
import Testing

@testable import Runtime

/// Configurations as the engines take them.
@Suite(.timeLimit(.minutes(5))) struct ConfigurationTests {
  private static func engines(_ yaml: String) throws -> GatewayEngineConfiguration {
    try GatewayEngineConfiguration(Services.gatewaySettings(yaml).configuration)
  }

  @Test func defaultsReachTheEngines() throws {
    let gateway = try Self.engines(Services.gatewayYAML).gateway
    let policy = try #require(gateway.isakmp.isakmpPolicies.first)
    #expect(policy.backoff == MessageBackoff(retryLimit: 8, timeoutSeconds: 4, mode: .incremental))
    #expect(policy.retryIkeAttempts == .count(0))
    #expect(policy.transforms == ProposalProfile.standard.isakmpTransforms)
    #expect(gateway.isakmp.ipsecPolicies.first?.lifetimeSeconds == 3600)
    let host = try #require(gateway.destinations.first?.hosts.first)
    #expect(host.rules.idleTimeout == .seconds(60))
    #expect(host.requiresIPsec)
    #expect(gateway.networks["default"]?.localAddress == IPv4Address(10, 9, 0, 1))
    #expect(gateway.pools["default"] == IPv4Address(10, 9, 0, 1)...IPv4Address(10, 9, 0, 254))
  }

  @Test func singleShotLimitsTheTunnelToOneSessionInItsLife() throws {
    let yaml =
      Services.gatewayYAML + "\ndestinations: [{remoteHosts: [{singleShotTunnel: true}]}]\n"
    let host = try #require(try Self.engines(yaml).gateway.destinations.first?.hosts.first)
    #expect(host.rules.isSingleShot)
    #expect(host.tunnel.sessionsInLifeMax == 1)
  }

  @Test func smallMRUIsRaisedAndSaid() throws {
    let yaml = Services.gatewayYAML + "\npppProfiles: [{mru: 128}]\n"
    let engines = try Self.engines(yaml)
    #expect(engines.gateway.destinations.first?.hosts.first?.ppp.link.mruBytes == 576)
    #expect(engines.warnings.contains { $0.contains("576") })
  }

  @Test func unclampedSegmentsAndNetworksBehindUsersReachTheEnginesUnwarned() throws {
    let yaml = """
      preSharedKeys: [{peer: any, secret: secret}]
      pools: [{name: default, addresses: 10.9.0.0/24}]
      pppProfiles: [{clampMSS: false}]
      users: [{name: anna, password: secret, routes: [192.168.7.0/24]}]
      """
    let settings = try Services.gatewaySettings(yaml).configuration
    let engines = try GatewayEngineConfiguration(settings)
    let network = try #require(IPPrefix("192.168.7.0/24"))
    #expect(engines.gateway.destinations.first?.hosts.first?.ppp.clampsMSS == false)
    #expect(engines.gateway.users.map(\.routes) == [[network]])
    #expect(engines.warnings.isEmpty)
    // The kernel sends there what is for the network behind the user.
    let routed = GatewayNetwork(settings).routes.contains { $0.prefix == network }
    #expect(routed)
  }

  @Test func legacyAlgorithmsAreSaidLoudly() throws {
    let yaml = Services.gatewayYAML + "\nisakmp: {policies: [{proposals: legacy}]}\n"
    #expect(try Self.engines(yaml).warnings.contains { $0.contains("LEGACY") })
  }

  @Test(arguments: [
    ("aes256-sha256-modp2048", "aesCBC256-sha256-modp2048"),
    ("aes192-sha512-ecp384", "aesCBC192-sha512-ecp384"),
    ("3des-md5-modp1024", "tripleDESCBC-md5-modp1024"),
  ])
  func proposalsKeepTheirMeaning(_ written: String, _ meant: String) throws {
    let yaml = Services.gatewayYAML + "\nisakmp: {policies: [{proposals: [\(written)]}]}\n"
    let policy = try #require(try Self.engines(yaml).gateway.isakmp.isakmpPolicies.first)
    #expect(policy.transforms.map(\.description) == [meant])
  }

  @Test func neverIsALongTimeForKeepalives() throws {
    let yaml =
      Services.gatewayYAML + "\nisakmp: {policies: [{natKeepalive: 0s, dpdInterval: 0s}]}\n"
    let policy = try #require(try Self.engines(yaml).gateway.isakmp.isakmpPolicies.first)
    #expect(policy.keepaliveInterval > .seconds(86_400 * 365))
    #expect(policy.deadPeerDetection == nil)
  }

  @Test func clientIsSingleShotUnlessItKeepsItsTunnel() throws {
    let local = SocketAddress(.v4(IPv4Address(127, 0, 0, 2)), port: 500)
    for (yaml, isSingleShot) in [
      (Services.dialYAML, true), (Services.dialYAML + "\nkeepTunnel: true\n", false),
    ] {
      let engines = try DialEngineConfiguration(
        Services.dialSettings(yaml), forcesNATTraversal: false)
      let request = engines.request(from: local)
      #expect(request.host.rules.isSingleShot == isSingleShot)
      #expect(request.host.ppp.link.role == .peer)
      #expect(request.connection.remote.description == "127.0.0.1:500")
      #expect(request.inactivityTimeout == .seconds(1200))
    }
  }

  @Test func forcedEncapsulationReachesTheEngine() throws {
    let engines = try DialEngineConfiguration(Services.dialSettings(), forcesNATTraversal: true)
    #expect(engines.isakmp.isakmpPolicies.first?.natTraversal == .forced)
  }

  @Test func longPasswordIsRefused() throws {
    let yaml = Services.dialYAML.replacing(
      "password: secret", with: "password: \(String(repeating: "x", count: 256))")
    #expect(throws: ControlError.self) {
      _ = try DialEngineConfiguration(Services.dialSettings(yaml), forcesNATTraversal: false)
    }
  }

  @Test(arguments: [
    ("10.9.0.0/24", ["10.9.0.0/24"]), ("10.9.0.7-10.9.0.7", ["10.9.0.7/32"]),
    ("10.9.0.10-10.9.0.13", ["10.9.0.10/31", "10.9.0.12/31"]),
    ("10.9.0.0/31", ["10.9.0.0/31"]), ("10.9.0.0/30", ["10.9.0.0/30"]),
    ("10.8.255.254-10.9.0.2", ["10.8.255.254/31", "10.9.0.0/31", "10.9.0.2/32"]),
  ])
  func poolsAreRoutedAsBlocks(_ written: String, _ blocks: [String]) throws {
    let range = try #require(AddressRange(written))
    #expect(range.prefixes.map(\.description) == blocks)
  }
}
