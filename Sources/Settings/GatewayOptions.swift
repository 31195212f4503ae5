/// A gateway's configuration as options of the command line give it, alone or in place of a file's
/// keys; the same texts, bounds and defaults as in the file, because the same schema reads them.
public struct GatewayOptions: Sendable {
  public var listen: [String] = []
  /// The one pre-shared key, for every peer.
  public var psk: String?
  /// `NAME:PASSWORD`; the password may be a reference.
  public var users: [String] = []
  public var pool: String?
  public var singleShot = false
  public var idleTimeout: String?
  public var destructTimeout: String?
  public var tun: String?
  public var socket: String?
  public var captureKeys: String?
  /// The algorithms of both phases; without a file `compatible`, so that the clients that people
  /// have in their computers and telephones can connect.
  public var profile: String?

  public init() {}

  /// The configuration: the file's, where there is one, with these options in place of its keys;
  /// findings name the option where a file would have a line.
  ///
  /// With a file, the tunnel rules (`singleShot` and the two timeouts) are the file's: they belong
  /// to its remote hosts.
  public func configuration(
    over file: ConfigurationFile? = nil, secrets: SecretSource = .system
  ) throws(ConfigurationRefused) -> Loaded<GatewayConfiguration> {
    var document = try DocumentNode(of: file)
    document.overlay(options(withRules: file == nil))
    return try ConfigurationLoader.read(document, ReadingLog(secrets: secrets), file: file) {
      GatewayConfiguration(reading: &$0)
    }
  }

  private func options(withRules: Bool) -> DocumentNode {
    let addresses = listen.map { DocumentNode.option("--listen", $0) }
    return .mapping([
      ("listen", addresses.isEmpty ? nil : .mapping([("addresses", .sequence(addresses))])),
      ("tun", tun.map { .mapping([("name", .option("--tun", $0))]) }),
      ("control", socket.map { .mapping([("socket", .option("--socket", $0))]) }),
      ("log", captureKeys.map { .mapping([("captureKeys", .option("--capture-keys", $0))]) }),
      (
        "preSharedKeys",
        psk.map { .sequence([.mapping([("secret", .option("--psk", $0))])]) }
      ),
      ("isakmp", profile(withRules, "proposals")),
      ("ipsec", profile(withRules, "transforms")),
      ("pools", pool.map { .sequence([.mapping([("addresses", .option("--pool", $0))])]) }),
      ("users", users.isEmpty ? nil : .sequence(users.map(Self.user))),
      (
        "destinations",
        withRules ? .sequence([.mapping([("remoteHosts", .sequence([remoteHost]))])]) : nil
      ),
    ])
  }

  /// One policy of a phase with the algorithms of the profile; a file's policies stay the file's.
  private func profile(_ isAlone: Bool, _ key: String) -> DocumentNode? {
    guard isAlone else { return nil }
    let name = DocumentNode.option("--profile", profile ?? AlgorithmProfile.compatible.rawValue)
    return .mapping([("policies", .sequence([.mapping([(key, name)])]))])
  }

  private var remoteHost: DocumentNode {
    .mapping([
      ("singleShotTunnel", .option("--single-shot", singleShot ? "true" : "false")),
      ("idleTimeout", idleTimeout.map { .option("--idle-timeout", $0) }),
      ("destructTimeout", destructTimeout.map { .option("--destruct-timeout", $0) }),
    ])
  }

  /// A text without a colon gives a user without a password, which the schema then refuses.
  private static func user(_ text: String) -> DocumentNode {
    let parts = text.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
    return .mapping([
      ("name", .option("--user", String(parts[0]))),
      ("password", parts.count == 2 ? .option("--user", String(parts[1])) : nil),
    ])
  }
}
