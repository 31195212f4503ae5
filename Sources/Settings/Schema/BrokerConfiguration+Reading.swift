import Primitives

extension ConfigurationLoader {
  /// Reads a broker's configuration from YAML.
  public static func broker(
    yaml: String, secrets: SecretSource
  ) throws(ConfigurationRefused) -> Loaded<BrokerConfiguration> {
    try read(YAMLDocument.parse(yaml), ReadingLog(secrets: secrets)) {
      BrokerConfiguration(reading: &$0)
    }
  }

  /// Reads a broker's configuration file.
  public static func broker(
    file: ConfigurationFile, secrets: SecretSource = .system
  ) throws(ConfigurationRefused) -> Loaded<BrokerConfiguration> {
    try read(YAMLDocument.parse(file.text), ReadingLog(secrets: secrets), file: file) {
      BrokerConfiguration(reading: &$0)
    }
  }
}

extension BrokerConfiguration {
  static let hostNamesMax = 32

  /// Reads the document of a broker; what is wrong goes to the section's log.
  init(reading document: inout Section) {
    self.init()
    document.read("name", .name, into: &name)
    document.read(section: "listen") { section in
      section.read("address", .address, into: &address)
      section.read("port", .port(), into: &port)
      section.read(
        "hostNames", listOf: .text("host name or address", bytesMax: 253), max: Self.hostNamesMax,
        into: &hostNames)
      section.read("plain", .flag, into: &isPlain)
    }
    document.read(section: "tls") { section in
      let path = section.readOptional("certificate", .folder, remark: "(made at the first start)")
      let key = section.readOptional("key", .folder)
      if let path, let key { certificate = CertificateFiles(certificate: path, key: key) }
      guard (path == nil) != (key == nil) else { return }
      section.log.report(.halfCertificate, at: section.path)
    }
    document.read("data", .folder, into: &dataFolder)
    document.read(section: "store") { postgreSQL = $0.readSecret("postgresql") }
    document.read(section: "vpn") { section in
      section.read("credentials", .name, into: &vpnCredentials)
      vpnGateway = section.readOptional("gateway", .address, remark: "(the credentials' own)")
        .map { "\($0)" }
    }
    document.read(section: "events") { eventsFile = $0.readOptional("file", .folder) }
    document.read(section: "metrics") { $0.read("public", .flag, into: &metricsArePublic) }
    relays = document.read(sections: "relays", max: RelayConfiguration.relaysMax) {
      RelayConfiguration(reading: &$0)
    }
    document.read(section: "policy") { policy.read(&$0) }
    document.read(section: "limits") { limits.read(&$0) }
    document.read(section: "log") { $0.read("level", .choice, into: &logLevel) }
    if isPlain, !address.isLoopback { document.log.report(.plainAbroad, at: "listen.plain") }
  }
}

extension BrokerLimits {
  fileprivate mutating func read(_ section: inout Section) {
    section.read("connections", .integer(16...1_000_000), into: &connections)
    section.read("devices", .integer(1...1_000_000), into: &devices)
    section.read("eventStreams", .integer(1...10_000), into: &eventStreams)
  }
}

extension FormProblem {
  fileprivate static let halfCertificate = FormProblem(
    .missingKey, "certificate and key belong together", cause: "one of them was left out",
    next: "name both files, or neither")

  fileprivate static let plainAbroad = FormProblem(
    .invalidValue, "plain HTTP would carry tokens over the network in the clear",
    cause: "listen.address is no loopback address",
    next: "remove listen.plain, or listen on 127.0.0.1")
}

extension IPAddress {
  /// 127.0.0.0/8 (RFC 1122 §3.2.1.3) or ::1 (RFC 4291 §2.5.3).
  package var isLoopback: Bool {
    switch self {
    case .v4(let address): address.value >> 24 == 127
    case .v6(let address): address == IPv6Address(high: 0, low: 1)
    }
  }
}
