import Control
import Dataplane
import IPPacket
import LinuxIO
import PPP
import Primitives
import Testing

@testable import Agent
@testable import Endpoint
@testable import IKE
@testable import Runtime
@testable import Settings

/// Every key of a dial profile, and of an agent's credentials, reaches the engine that dials by it.
@Suite(.timeLimit(.minutes(5))) struct DialArrivalTests {
  /// What a client has while it dials.
  struct Running: Sendable {
    var isakmp: ISAKMPConfiguration
    var request: DialRequest
    var ports: [BoundPort]
    var settings: DialConfiguration
    var interface: NetworkLink?
    var keyFiles: [String]

    var isakmpPolicy: IKE.ISAKMPPolicy? { isakmp.isakmpPolicies.first }
    var ipsecPolicy: IKE.IPsecPolicy? { isakmp.ipsecPolicies.first }
    var link: PPPConfiguration { request.host.ppp.link }
  }

  private static let ofTheProgram: Set = ["control.socket", "log.level"]

  private static let plain = """
    {gateway: 127.0.0.1, preSharedKey: plain, user: plain, password: plain}
    """

  /// Those of the one connection, which agents have with their credentials.
  private static let own: [Key<Running>] = [
    // The policies' peer goes with it: both are the gateway's.
    Key("gateway", "127.0.0.9", "127.0.0.9:500 address 127.0.0.9 address 127.0.0.9") { running in
      running.isakmpPolicy.flatMap { isakmp in
        running.ipsecPolicy.map { ipsec in
          "\(running.request.connection.remote) \(isakmp.peer.text) \(ipsec.peer.text)"
        }
      }
    },
    Key("preSharedKey", "env:ARRIVED", "address 127.0.0.9 from the environment") { running in
      running.isakmp.preSharedKeys.first.map { "\($0.peer.text) \($0.secret.text)" }
    },
    Key("user", "anna") { $0.link.userName },
    Key("password", "env:ARRIVED", "from the environment") { $0.link.password.text },
    Key("listen.address", "127.0.0.5", "127.0.0.5 127.0.0.5") { running in
      "\(running.request.connection.local.address) \(running.ports.first?.address ?? "")"
    },
    Key("listen.ike", "1500", "1500 1500") { running in
      running.ports.number(of: .udp500).map { "\(running.request.connection.local.port) \($0)" }
    },
    Key("listen.natt", "14500") { $0.ports.number(of: .udp4500) },
    Key("routes", "[10.0.0.0/8]") { "\($0.settings.routes)" },
    Key("l2tp.tunnelSecret", "env:ARRIVED", "from the environment true") { running in
      running.request.host.tunnel.secret.map {
        "\($0.text) \(running.request.host.tunnel.requiresTunnelAuthentication)"
      }
    },
    Key("l2tp.localHostName", "rig") { $0.request.host.tunnel.hostName },
    Key("ppp.askDNS", "false") { "\($0.link.requestsDNS)" },
  ]

  private static var connection: [Key<Running>] {
    var keys = own
    keys += NegotiationKeys.ipsec { (running: Running) in running.ipsecPolicy }.under("ipsec.")
    keys += NegotiationKeys.ppp { (running: Running) in running.request.host.ppp }.under("ppp.")
    return keys
  }

  /// Those of the program, which agents have for all their credentials.
  private static let program: [Key<Running>] = [
    Key("tun.name", "arrived0", "arrived0") { $0.interface?.name },
    Key("tun.mtu", "1280") { $0.interface.map { "\($0.mtuBytes)" } },
    Key("log.captureKeys", "$FOLDER", "esp_sa ikev1_decryption_table true") {
      $0.keyFiles.joined(separator: " ") + " \($0.isakmp.reportsKeys)"
    },
  ]

  /// Those that an agent's file does not have: a connect, or the service, decides.
  private static let ofDial: [Key<Running>] = [
    Key("inactivity", "5m", "300") { $0.request.inactivityTimeout?.wholeSecondsText },
    Key("keepTunnel", "true", "false any") { running in
      let most = running.request.host.tunnel.sessionsInLifeMax.map(String.init) ?? "any"
      return "\(running.request.host.rules.isSingleShot) \(most)"
    },
    Key("l2tp.helloInterval", "5s", "5") {
      $0.request.host.tunnel.helloInterval.wholeSecondsText
    },
  ]

  private static var dial: [Key<Running>] {
    var keys = connection
    keys += program
    keys += NegotiationKeys.isakmp { (running: Running) in running.isakmpPolicy }.under("isakmp.")
    keys += ofDial
    return keys
  }

  private static var agent: [Key<Running>] {
    var keys = connection
    keys += NegotiationKeys.isakmp(choosesDetection: false) { (running: Running) in
      running.isakmpPolicy
    }.under("isakmp.")
    keys = keys.under("credentials[].")
    keys += program
    return keys
  }

  @Test func everyKeyOfADialProfilesSchemaIsInTheTable() throws {
    let schema = try SchemaKeys(of: Documents.all(of: Self.dial)[0].text.written) {
      _ = DialConfiguration(reading: &$0)
    }
    expectComplete(Self.dial, elsewhere: Self.ofTheProgram, schema)
  }

  @Test func everyKeyOfADialProfileReachesTheRunningEngine() async throws {
    let plain = try await Self.running { folder in try Self.profile(Self.plain, folder) }
    for (text, keys) in Documents.all(of: Self.dial) {
      let running = try await Self.running { folder in try Self.profile(text, folder) }
      expectArrival(of: keys, in: running, notIn: plain)
    }
  }

  // Agents

  /// What an agent's file has besides, so that it can be read.
  private static let link = "broker: {url: \"https://b.example\", token: x}, "

  private static func agentText(_ text: String) -> String {
    "{" + link + text.replacing("credentials: [{", with: "credentials: [{name: site, ").dropFirst()
  }

  @Test func everyKeyOfAnAgentsSchemaIsInTheTable() throws {
    let text = Self.agentText(Documents.all(of: Self.agent)[0].text.written)
    let schema = try SchemaKeys(of: text) { _ = AgentConfiguration(reading: &$0) }
    let elsewhere: Set = [
      // Shown by the tests of the program.
      "broker.url", "broker.token", "broker.authorities", "broker.fingerprint", "productID",
      "history.path", "history.days", "history.entries", "control.socket", "log.level",
      // What a connect asks for by name, below.
      "credentials[].name",
      // The service's own (CS-12), below.
      "credentials[].isakmp.dpdInterval", "credentials[].isakmp.dpdTimeout",
    ]
    expectComplete(Self.agent, elsewhere: elsewhere, schema)
  }

  @Test func everyKeyOfAnAgentsCredentialsReachesTheRunningEngine() async throws {
    let plain = try await Self.running { folder in
      try Self.agentProfile("{credentials: [\(Self.plain)]}", folder)
    }
    for (text, keys) in Documents.all(of: Self.agent) {
      let running = try await Self.running { folder in try Self.agentProfile(text, folder) }
      expectArrival(of: keys, in: running, notIn: plain)
      // What no file decides: the connect's inactivity, and the service's own rules.
      #expect(running.request.inactivityTimeout == .seconds(600))
      #expect(running.request.host.rules.isSingleShot)
      #expect(running.request.host.tunnel.sessionsInLifeMax == 1)
      #expect(running.request.host.tunnel.helloInterval == .zero)
      let detection = running.isakmpPolicy?.deadPeerDetection
      #expect(detection == DeadPeerDetection(interval: .seconds(30), timeout: .seconds(150)))
    }
    // Silence of PPP is judged by nobody unless the file asks for it.
    #expect(plain.link.echoInterval == .zero)
  }

  private static func profile(_ yaml: String, _ folder: ArrivalFolder) throws -> DialConfiguration {
    try ConfigurationLoader.dial(
      yaml: yaml.replacing("$FOLDER", with: folder.path), secrets: Documents.secrets
    ).configuration
  }

  private static func agentProfile(
    _ yaml: String, _ folder: ArrivalFolder
  ) throws -> DialConfiguration {
    let agent = try ConfigurationLoader.agent(
      yaml: agentText(yaml.replacing("$FOLDER", with: folder.path)), secrets: Documents.secrets
    ).configuration
    #expect(agent.profile(named: "elsewhere", gateway: nil, inactivity: .seconds(600)) == nil)
    return try #require(agent.profile(named: "site", gateway: nil, inactivity: .seconds(600)))
  }

  /// Dials in a network of its own, where nobody answers, and looks.
  private static func running(
    _ profile: @escaping @Sendable (ArrivalFolder) throws -> DialConfiguration
  ) async throws -> Running {
    let folder = try ArrivalFolder()
    defer { folder.remove() }
    return try await NamespaceThread.run { _ in
      let configuration = try profile(folder)
      let client = try Runtime.dial(
        configuration, version: "0", logger: Services.quiet, takesSignals: false, onUp: { _ in })
      async let end = ending(of: client)
      var running: Running
      do throws(ControlError) {
        running = try await client.mailbox.perform { loop, _ throws(ControlError) in
          guard let request = loop.owner.host.endpoint.dials.values.first else {
            throw ControlError(.notFound, "nothing is dialled", cause: "", nextStep: "")
          }
          return Running(
            isakmp: loop.owner.host.endpoint.isakmp.configuration, request: request,
            ports: BoundPort.all(loop.outer.ports), settings: loop.owner.settings, keyFiles: [])
        }
      } catch {
        if case .failure(let why) = await end { throw why }
        throw error
      }
      running.keyFiles = folder.names
      var netlink = try Netlink()
      for name in [configuration.tun.name ?? "", "drawbridge0"] where running.interface == nil {
        running.interface = try? netlink.link(named: name)
      }
      client.mailbox.post { loop, now in loop.end(.success(.shutdown), at: now) }
      _ = await end
      return running
    }
  }
}

extension String {
  /// As it is read where no folder is needed.
  fileprivate var written: String { replacing("$FOLDER", with: "/folder") }
}
