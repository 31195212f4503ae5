/// A dial profile as options of the command line give it; they replace a file's keys.
public struct DialOptions: Sendable {
  public var gateway: String?
  public var psk: String?
  public var user: String?
  public var password: String?
  public var tun: String?
  public var routes: [String] = []
  public var inactivity: String?
  public var socket: String?

  public init() {}

  /// The profile: the file's, where there is one, with these options in place of its keys.
  public func configuration(
    over file: ConfigurationFile? = nil, secrets: SecretSource = .system
  ) throws(ConfigurationRefused) -> Loaded<DialConfiguration> {
    var document =
      try file.map { file throws(ConfigurationRefused) in
        try YAMLDocument.parse(file.text)
      } ?? DocumentNode(content: .empty, origin: .whole)
    document.overlay(options)
    return try ConfigurationLoader.read(document, ReadingLog(secrets: secrets), file: file) {
      DialConfiguration(reading: &$0)
    }
  }

  private var options: DocumentNode {
    .mapping([
      ("gateway", gateway.map { .option("ADDRESS", $0) }),
      ("preSharedKey", psk.map { .option("--psk", $0) }),
      ("user", user.map { .option("--user", $0) }),
      ("password", password.map { .option("--password", $0) }),
      ("tun", tun.map { .mapping([("name", .option("--tun", $0))]) }),
      ("routes", routes.isEmpty ? nil : .sequence(routes.map { .option("--route", $0) })),
      ("inactivity", inactivity.map { .option("--inactivity", $0) }),
      ("control", socket.map { .mapping([("socket", .option("--socket", $0))]) }),
    ])
  }
}

extension DocumentNode {
  /// Puts the other's keys in place of ours, mapping by mapping; lists are replaced whole.
  mutating func overlay(_ other: DocumentNode) {
    guard case .mapping(let additions) = other.content else {
      self = other
      return
    }
    var entries: [Entry] =
      switch content {
      case .mapping(let entries): entries
      case .scalar, .empty, .sequence: []
      }
    for addition in additions {
      if let index = entries.firstIndex(where: { $0.key == addition.key }) {
        entries[index].value.overlay(addition.value)
      } else {
        entries.append(addition)
      }
    }
    content = .mapping(entries)
  }
}
