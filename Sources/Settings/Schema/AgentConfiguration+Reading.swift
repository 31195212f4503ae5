import Primitives

extension AgentConfiguration {
  /// Reads an agent's file; `nil` when a required key is missing, which the log then says.
  init?(reading document: inout Section) {
    var broker: BrokerLink?
    let isNamed = document.node("broker") != nil
    document.read(section: "broker") { broker = BrokerLink(reading: &$0) }
    if !isNamed {
      document.log.report(
        FormProblem(
          .missingKey, "the key “broker” is missing",
          cause: "an agent without a broker is asked by nobody",
          next: "add broker: {url: https://HOST:PORT, token: file:PATH}"),
        at: "broker")
    }
    self.init(broker: broker ?? BrokerLink(url: "", token: Secret([])))
    productID = document.readOptional("productID", .name, remark: "(as enrolled)")
    credentials = document.read(sections: "credentials", max: AgentCredentials.setsMax) {
      AgentCredentials(reading: &$0)
    }
    document.log.requireUnique(credentials.map(\.name), in: "credentials")
    document.read(section: "tun") { tun.read(&$0) }
    document.read(section: "history") { history.read(&$0) }
    document.read(section: "control") {
      $0.read("socket", .socketPath, into: &controlSocket)
    }
    document.read(section: "log") {
      $0.read("level", .choice, into: &logLevel)
      $0.read("captureKeys", Form<String>.folder.or("off"), into: &captureKeys)
    }
    guard broker != nil else { return nil }
  }
}

extension AgentCredentials {
  static let setsMax = 256

  /// Reads one element of `credentials`.
  init?(reading section: inout Section) {
    let name = section.require("name", .name)
    let gateway = section.require("gateway", .address)
    let preSharedKey = section.requireSecret("preSharedKey")
    let user = section.require("user", .text("user name", bytesMax: 255))
    let password = section.requireSecret("password")
    var profile = DialConfiguration(
      gateway: gateway ?? .v4(.any), preSharedKey: preSharedKey ?? Secret([]), user: user ?? "",
      password: password ?? Secret([]))
    profile.ppp.echoInterval = .zero
    section.read(section: "listen") { profile.listen.readDial(&$0) }
    section.read(
      "routes", listOf: .prefix, max: DialConfiguration.routesMax, into: &profile.routes)
    section.read(section: "isakmp") { profile.isakmpPolicy.readNegotiation(&$0) }
    profile.isakmpPolicy.requireServiceDetection(section)
    section.read(section: "ipsec") { profile.ipsecPolicy.readNegotiation(&$0) }
    section.read(section: "l2tp") {
      profile.tunnelSecret = $0.readSecret("tunnelSecret")
      $0.read("localHostName", .text("host name", bytesMax: 255), into: &profile.localHostName)
    }
    section.read(section: "ppp") { profile.ppp.read(&$0) }
    guard let name, gateway != nil, preSharedKey != nil, user != nil, password != nil else {
      return nil
    }
    self.init(name: name, profile: profile)
  }
}

extension ISAKMPPolicy {
  /// Other times of dead peer detection than the service's own are a misunderstanding (CS-12).
  fileprivate func requireServiceDetection(_ section: Section) {
    for (key, value, fixed) in [
      ("dpdInterval", dpdInterval, AgentConfiguration.dpdInterval),
      ("dpdTimeout", dpdTimeout, AgentConfiguration.dpdTimeout),
    ] where value != fixed {
      section.log.report(
        .inconsistent(
          "\(key) is \(DurationText.show(fixed)) for the service's tunnels",
          cause: "what every device promises cannot be chosen for one", next: "remove \(key)"),
        at: section.child("isakmp") + "." + key)
    }
  }
}

extension AgentHistory {
  /// Reads `history`.
  mutating func read(_ section: inout Section) {
    section.read("path", Form<String>.folder, into: &path)
    section.read("days", .integer(1...3650), into: &days)
    section.read("entries", .integer(100...1_000_000), into: &entries)
  }
}

extension ConfigurationLoader {
  /// Reads an agent's configuration from YAML.
  public static func agent(
    yaml: String, secrets: SecretSource
  ) throws(ConfigurationRefused) -> Loaded<AgentConfiguration> {
    try read(YAMLDocument.parse(yaml), ReadingLog(secrets: secrets)) {
      AgentConfiguration(reading: &$0)
    }
  }

  /// Reads an agent's file.
  public static func agent(
    file: ConfigurationFile, secrets: SecretSource = .system
  ) throws(ConfigurationRefused) -> Loaded<AgentConfiguration> {
    try read(YAMLDocument.parse(file.text), ReadingLog(secrets: secrets), file: file) {
      AgentConfiguration(reading: &$0)
    }
  }
}
