import Testing

@testable import Settings

/// Every option of the command line changes the configuration, alone and in place of a file's key.
@Suite(.timeLimit(.minutes(5))) struct OptionArrivalTests {
  private typealias Change<Options> = (label: String, change: @Sendable (inout Options) -> Void)

  private static let secrets = CompleteDocuments.secrets

  /// The options that have a change here, against those that there are.
  private func expectAll<Options>(_ changes: [Change<Options>], of options: Options) {
    let labels = Mirror(reflecting: options).children.compactMap(\.label)
    #expect(Set(labels) == Set(changes.map(\.label)))
    #expect(labels.count == changes.count)
  }

  private static let gateway: [Change<GatewayOptions>] = [
    ("listen", { $0.listen = ["192.0.2.1"] }), ("psk", { $0.psk = "other" }),
    ("users", { $0.users = ["otto:word"] }), ("pool", { $0.pool = "10.10.0.0/24" }),
    ("singleShot", { $0.singleShot = true }), ("idleTimeout", { $0.idleTimeout = "7s" }),
    ("destructTimeout", { $0.destructTimeout = "11s" }), ("tun", { $0.tun = "vpn7" }),
    ("socket", { $0.socket = "/run/other.sock" }), ("captureKeys", { $0.captureKeys = "/keys" }),
    ("profile", { $0.profile = "legacy" }),
  ]

  @Test func everyOptionOfAGatewayWithoutAFileChangesItsConfiguration() throws {
    var base = GatewayOptions()
    base.psk = "secret"
    base.pool = "10.9.0.0/24"
    base.users = ["anna:word"]
    expectAll(Self.gateway, of: base)
    let plain = try base.configuration(secrets: Self.secrets).configuration
    for (label, change) in Self.gateway {
      var options = base
      change(&options)
      let changed = try options.configuration(secrets: Self.secrets).configuration
      #expect(changed != plain, "\(label)")
    }
  }

  /// The tunnel rules and the algorithms are the file's.
  @Test func everyOptionOfAGatewayReplacesTheFilesKey() throws {
    let file = ConfigurationFile(
      path: "gateway.yaml", text: CompleteDocuments.gateway, isReadableByOthers: false)
    let plain = try GatewayOptions().configuration(over: file, secrets: Self.secrets).configuration
    let ofTheFile = ["singleShot", "idleTimeout", "destructTimeout", "profile"]
    for (label, change) in Self.gateway {
      // The complete document's PPP profile names its pool, which the option's does not have.
      if label == "pool" { continue }
      var options = GatewayOptions()
      change(&options)
      let changed = try options.configuration(over: file, secrets: Self.secrets).configuration
      #expect((changed != plain) == !ofTheFile.contains(label), "\(label)")
    }
  }

  private static let dial: [Change<DialOptions>] = [
    ("gateway", { $0.gateway = "192.0.2.77" }), ("psk", { $0.psk = "other" }),
    ("user", { $0.user = "otto" }), ("password", { $0.password = "other" }),
    ("tun", { $0.tun = "vpn7" }), ("routes", { $0.routes = ["172.16.0.0/12"] }),
    ("inactivity", { $0.inactivity = "9m" }), ("keepTunnel", { $0.keepTunnel = true }),
    ("captureKeys", { $0.captureKeys = "/keys" }), ("socket", { $0.socket = "/run/other.sock" }),
  ]

  @Test func everyOptionOfADialChangesItsConfigurationWithAndWithoutAFile() throws {
    var base = DialOptions()
    (base.gateway, base.psk, base.user, base.password) = ("192.0.2.1", "secret", "anna", "word")
    expectAll(Self.dial, of: base)
    let text = CompleteDocuments.dial.replacing("keepTunnel: true", with: "keepTunnel: false")
    let file = ConfigurationFile(path: "dial.yaml", text: text, isReadableByOthers: false)
    for (start, file) in [(base, nil), (DialOptions(), file)] {
      let plain = try start.configuration(over: file, secrets: Self.secrets).configuration
      for (label, change) in Self.dial {
        var options = start
        change(&options)
        let changed = try options.configuration(over: file, secrets: Self.secrets).configuration
        #expect(changed != plain, "\(label)")
      }
    }
  }
}
