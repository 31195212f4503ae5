import Control
import Dataplane
import Foundation
import IPPacket
import LinuxIO
import Primitives
import Synchronization
import Testing

@testable import Endpoint
@testable import Gateway
@testable import IKE
@testable import Runtime
@testable import Settings

/// Every key of a gateway's file reaches the engine that runs by it.
@Suite(.timeLimit(.minutes(5))) struct GatewayArrivalTests {
  /// What a running gateway has.
  struct Running: Sendable {
    var isakmp: ISAKMPConfiguration
    var destinations: [Endpoint::DestinationProfile]
    var endpointLimits: Endpoint.Limits
    var dataplaneLimits: DataplaneLimits
    var gateway: Gateway::GatewayConfiguration
    var ports: [BoundPort]
    var interface: NetworkLink?
    /// Networks that the kernel routes into the interface.
    var routed: [String]
    var keyFiles: [String]
    var broker: BrokerLink?

    /// The element of a list that the keys make up is the last one.
    var isakmpPolicy: IKE.ISAKMPPolicy? { isakmp.isakmpPolicies.last }
    var ipsecPolicy: IKE.IPsecPolicy? { isakmp.ipsecPolicies.last }
    var host: RemoteHostProfile? { destinations.last?.hosts.last }
    var user: UserDirectory.User? { gateway.users.last }
  }

  /// Shown where they take effect: `ProgramArrivalTests` of the program.
  private static let ofTheProgram: Set = ["control.socket", "log.level"]

  /// References need a second element to choose from.
  private static let others = [
    "isakmp.policies[]": "{name: other, peer: 198.51.100.9}",
    "pools[]": "{name: other, addresses: 10.8.0.0/24}",
    "pppProfiles[]": "{name: other, pool: other}",
  ]

  private static let plain = """
    preSharedKeys: [{secret: plain}]
    pools: [{addresses: 10.1.0.0/24}]
    users: [{name: plain, password: plain}]
    """

  private static let local: [Key<Running>] = [
    Key("listen.addresses", "[127.0.0.5, 127.0.0.6]", "127.0.0.5 127.0.0.6") {
      $0.ports.filter { $0.kind == .udp500 }.map(\.address).joined(separator: " ")
    },
    Key("listen.ike", "1500") { running in running.ports.number(of: .udp500) },
    Key("listen.natt", "14500") { $0.ports.number(of: .udp4500) },
    Key("listen.l2tp", "1702") { $0.ports.number(of: .udp1701) },
    Key("tun.name", "arrived0") { $0.interface?.name },
    Key("tun.mtu", "1280") { $0.interface.map { "\($0.mtuBytes)" } },
    Key("log.captureKeys", "$FOLDER", "esp_sa ikev1_decryption_table true") {
      $0.keyFiles.joined(separator: " ") + " \($0.isakmp.reportsKeys)"
    },
    Key("broker.url", "\"https://broker.example.net:8443\"", "https://broker.example.net:8443") {
      $0.broker?.url
    },
    Key("broker.token", "env:ARRIVED", "from the environment") { $0.broker?.token.text },
    Key("broker.authorities", "/ca.pem", "authorities(path: \"/ca.pem\")") {
      ($0.broker?.trust).map { "\($0)" }
    },
    Key(
      "broker.fingerprint", "\"" + String(repeating: "AB:", count: 31) + "AB\"",
      "fingerprint(\"\(String(repeating: "ab", count: 32))\")", instead: "broker.authorities"
    ) { ($0.broker?.trust).map { "\($0)" } },
  ]

  private static let limits: [Key<Running>] = [
    Key("limits.halfOpenExchanges", "11") { "\($0.isakmp.limits.halfOpenMax)" },
    Key("limits.halfOpenExchangesPerSource", "12") {
      "\($0.isakmp.limits.halfOpenPerAddressMax)"
    },
    // Twice as many SAs, for those that are being replaced, and three inbound ones for each.
    Key("limits.ipsecConnections", "30", "60 90 70") {
      "\($0.isakmp.limits.isakmpSAsMax) \($0.dataplaneLimits.inboundSAsMax) "
        + "\($0.dataplaneLimits.carriersMax)"
    },
    Key("limits.tunnels", "40", "40 40") {
      "\($0.endpointLimits.tunnelsMax) \($0.endpointLimits.clearCarriersMax)"
    },
    Key("limits.sessions", "50", "50 50 100") {
      "\($0.endpointLimits.sessionsMax) \($0.dataplaneLimits.sessionsMax) "
        + "\($0.dataplaneLimits.routesMax)"
    },
  ]

  private static let selectors: [Key<Running>] = [
    Key("isakmp.policies[].name", "site") { $0.isakmpPolicy?.name },
    Key("isakmp.policies[].peer", "192.0.2.9", "address 192.0.2.9") { $0.isakmpPolicy?.peer.text },
    Key("ipsec.policies[].name", "narrow") { $0.ipsecPolicy?.name },
    Key("ipsec.policies[].peer", "192.0.2.9", "address 192.0.2.9") { $0.ipsecPolicy?.peer.text },
    Key("ipsec.policies[].isakmpPolicy", "site") { $0.ipsecPolicy?.isakmpPolicy },
    Key("preSharedKeys[].peer", "192.0.2.0/24", "prefix 192.0.2.0/24") {
      $0.isakmp.preSharedKeys.last?.peer.text
    },
    Key("preSharedKeys[].secret", "env:ARRIVED", "from the environment") {
      $0.isakmp.preSharedKeys.last?.secret.text
    },
  ]

  private static let networks: [Key<Running>] = [
    Key("pools[].name", "office") { $0.gateway.pools.keys.sorted().first { $0 == "office" } },
    Key("pools[].addresses", "10.9.0.16-10.9.0.31", "10.9.0.16 10.9.0.31 true") { running in
      running.gateway.pools["office"].map {
        "\($0.lowerBound) \($0.upperBound) \(running.routed.contains("10.9.0.20"))"
      }
    },
    Key("pppProfiles[].name", "lines") { $0.host?.ppp.name },
    Key("pppProfiles[].pool", "office") { $0.gateway.networks["lines"]?.pool },
    Key("pppProfiles[].localAddress", "10.9.0.254") { running in
      running.gateway.networks["lines"].map { "\($0.localAddress)" }
    },
    Key("pppProfiles[].dns", "[10.9.0.1, 10.9.0.2]", "[10.9.0.1, 10.9.0.2]") { running in
      running.gateway.networks["lines"].map { "\($0.dns)" }
    },
    Key("pppProfiles[].nbns", "[10.9.0.3]") { running in
      running.gateway.networks["lines"].map { "\($0.nbns)" }
    },
    Key("users[].name", "anna") { $0.user?.name },
    Key("users[].password", "env:ARRIVED", "from the environment") { $0.user?.password.text },
    Key("users[].address", "10.7.0.7", "10.7.0.7 true") { running in
      running.user?.staticAddress.map { "\($0) \(running.routed.contains("10.7.0.7"))" }
    },
    Key("users[].routes", "[192.168.7.0/24]", "[192.168.7.0/24] true") { running in
      running.user.map { "\($0.routes) \(running.routed.contains("192.168.7.7"))" }
    },
  ]

  private static let destinations: [Key<Running>] = [
    Key("destinations[].name", "lab") { $0.destinations.last?.name },
    Key("destinations[].remote", "192.0.2.0/24") { running in
      running.destinations.last?.remote.map { "\($0)" }
    },
    Key("destinations[].maxSessions", "10") { running in
      running.destinations.last.map { "\($0.sessionsMax)" }
    },
    Key("destinations[].remoteHosts[].host", "rig") { $0.host?.hostName },
    Key(
      "destinations[].remoteHosts[].tunnelSecret", "env:ARRIVED", "from the environment true"
    ) { running in
      running.host.flatMap { host in
        host.tunnel.secret.map { "\($0.text) \(host.tunnel.requiresTunnelAuthentication)" }
      }
    },
    Key("destinations[].remoteHosts[].localHostName", "gate", "gate gate") { running in
      running.host.map { "\($0.tunnel.hostName) \($0.ppp.link.systemName)" }
    },
    Key("destinations[].remoteHosts[].ipsecTransport", "false") { running in
      running.host.map { "\($0.requiresIPsec)" }
    },
    Key("destinations[].remoteHosts[].singleShotTunnel", "true", "true 1") { running in
      running.host.map {
        "\($0.rules.isSingleShot) \($0.tunnel.sessionsInLifeMax.map(String.init) ?? "any")"
      }
    },
    Key("destinations[].remoteHosts[].maxSessions", "7", "7 7") { running in
      running.host.map { "\($0.sessionsMax) \($0.tunnel.sessionsMax)" }
    },
    Key("destinations[].remoteHosts[].idleTimeout", "90s", "90") {
      $0.host?.rules.idleTimeout.wholeSecondsText
    },
    Key("destinations[].remoteHosts[].destructTimeout", "30s", "30") {
      $0.host?.rules.destructTimeout.wholeSecondsText
    },
    Key("destinations[].remoteHosts[].helloInterval", "5s", "5") {
      $0.host?.tunnel.helloInterval.wholeSecondsText
    },
    Key("destinations[].remoteHosts[].pppProfile", "lines") { $0.host?.ppp.name },
  ]

  private static var keys: [Key<Running>] {
    var keys = local
    keys += limits
    keys += selectors
    keys += NegotiationKeys.isakmp { (running: Running) in running.isakmpPolicy }
      .under("isakmp.policies[].")
    keys += NegotiationKeys.ipsec { (running: Running) in running.ipsecPolicy }
      .under("ipsec.policies[].")
    keys += networks
    keys += NegotiationKeys.ppp { (running: Running) in running.host?.ppp }.under("pppProfiles[].")
    keys += destinations
    return keys
  }

  @Test func everyKeyOfAGatewaysSchemaIsInTheTable() throws {
    let document = Documents.all(of: Self.keys, before: Self.others)[0].text
    let schema = try SchemaKeys(of: document.replacing("$FOLDER", with: "/folder")) {
      _ = Settings::GatewayConfiguration(reading: &$0)
    }
    expectComplete(Self.keys, elsewhere: Self.ofTheProgram, schema)
  }

  @Test func everyKeyOfAGatewayReachesTheRunningEngine() async throws {
    let plain = try await Self.running(Self.plain)
    for (text, keys) in Documents.all(of: Self.keys, before: Self.others) {
      expectArrival(of: keys, in: try await Self.running(text), notIn: plain)
    }
  }

  /// The same through a reload: what a reload is said to apply is in force afterwards.
  @Test func everyKeyThatAReloadAppliesReachesTheRunningEngine() async throws {
    let plain = try await Self.running(Self.plain)
    let fixed = ["listen.", "tun.", "limits.", "control.", "log.", "broker."]
    for (text, keys) in Documents.all(of: Self.keys, before: Self.others) {
      let applied = keys.filter { key in !fixed.contains { key.path.hasPrefix($0) } }
      expectArrival(
        of: applied, in: try await Self.running(Self.plain, thenReloading: text), notIn: plain)
    }
  }

  /// Starts a gateway in a network of its own, and looks.
  private static func running(
    _ yaml: String, thenReloading next: String? = nil
  ) async throws -> Running {
    let folder = try ArrivalFolder()
    defer { folder.remove() }
    return try await NamespaceThread.run { _ in
      let link = Mutex<BrokerLink?>(nil)
      @Sendable func settings(
        _ yaml: String
      ) throws(ConfigurationRefused) -> Loaded<
        Settings::GatewayConfiguration
      > {
        try ConfigurationLoader.gateway(
          yaml: yaml.replacing("$FOLDER", with: folder.path), secrets: Documents.secrets)
      }
      let configuration = try settings(yaml).configuration
      let gateway = try Runtime.gateway(
        configuration, version: "0", logger: Services.quiet,
        reading: { () throws(ConfigurationRefused) in try settings(next ?? yaml) },
        grantSource: { asked throws(ControlError) in
          link.withLock { $0 = asked }
          return MemoryGrantSource()
        }, takesSignals: false, pause: Services.pause)
      async let end = ending(of: gateway)
      var running: Running
      do throws(ControlError) {
        if next != nil { _ = try await gateway.reload() }
        running = try await gateway.mailbox.perform { loop, _ throws(ControlError) in
          Running(
            isakmp: loop.owner.host.endpoint.isakmp.configuration,
            destinations: loop.owner.host.endpoint.destinations,
            endpointLimits: loop.owner.host.endpoint.limits,
            dataplaneLimits: loop.owner.host.dataplane.limits,
            gateway: loop.owner.gateway.configuration, ports: BoundPort.all(loop.outer.ports),
            routed: [], keyFiles: [])
        }
      } catch {
        if case .failure(let why) = await end { throw why }
        throw error
      }
      running.broker = link.withLock(\.self)
      running.keyFiles = folder.names
      if let name = configuration.tun.name {
        var netlink = try Netlink()
        running.interface = try netlink.link(named: name)
        for address in ["10.9.0.20", "10.7.0.7", "192.168.7.7"] {
          let route = try? netlink.route(to: try #require(IPAddress(address)))
          if route?.link == running.interface?.index { running.routed.append(address) }
        }
      }
      gateway.mailbox.post { loop, now in loop.end(.success(.shutdown), at: now) }
      _ = await end
      return running
    }
  }
}
