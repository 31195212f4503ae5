import Foundation

/// The play: its stage, its narrator and whoever is on the stage.
struct Play {
  static let secret = "demonstration"
  static let user = "alice"
  static let password = "wonderland"

  var narrator = Narrator()
  let folder: URL
  private let stage: Stage
  private var actors: [Child] = []

  init(folder: URL) throws {
    self.folder = folder
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    narrator.step("A network: a device behind a NAT, three people, one host for broker and gateway")
    stage = try Stage()
    narrator.show(
      """
      device 192.168.77.2 ── 192.168.77.1 nat 203.0.113.2 ──┐
      anna 203.0.113.11, ben 203.0.113.12, carl 203.0.113.13 ┼── 203.0.113.1 broker and gateway
                                                                 (10.66.0.1 inside)
      """)
    // tcpdump wants to change its groups, which a user namespace forbids; dumpcap does not.
    let wire = try Child(
      "dumpcap",
      [
        "ip", "netns", "exec", "gateway", "dumpcap", "-q", "-P", "-i", "wan", "-w",
        folder.appendingPathComponent("demo.pcap").path,
      ])
    actors.append(wire)
    narrator.verify("the wire is captured", wire.line(containing: "File:", within: 5) != nil)
  }

  /// Stops whoever is still on the stage, the last first.
  ///
  /// - Parameter count: so many of the first stay.
  mutating func end(keeping count: Int = 0) {
    while actors.count > count, let actor = actors.popLast() { actor.stop() }
  }

  /// Starts a program in a namespace.
  mutating func start(_ name: String, in space: String, _ arguments: [String]) throws -> Child {
    let child = try Child(name, ["ip", "netns", "exec", space] + arguments)
    actors.append(child)
    return child
  }

  /// Starts a gateway and waits until it answers on its control socket.
  mutating func startGateway(_ options: [String]) throws -> Child {
    let arguments =
      [
        Stage.program, "gateway", "--listen", Stage.gatewayAddress, "--psk", Self.secret,
        "--user", "\(Self.user):\(Self.password)", "--pool", Stage.pool, "--socket",
        Stage.gatewaySocket, "--capture-keys", folder.path,
      ] + options
    narrator.show("$ " + arguments.dropFirst().reduce("drawbridge") { "\($0) \($1)" })
    let gateway = try start("gateway", in: "gateway", arguments)
    narrator.verify(
      "the gateway is ready", gateway.line(containing: "gateway ready", within: 10) != nil)
    return gateway
  }

  /// Dials and waits for the address.
  mutating func dial(_ options: [String] = []) throws -> Child {
    let arguments =
      [
        Stage.program, "dial", Stage.gatewayAddress, "--psk", Self.secret, "--user", Self.user,
        "--password", Self.password, "--route", Stage.pool, "--socket", Stage.dialSocket,
      ] + options
    narrator.show("$ " + arguments.dropFirst().reduce("drawbridge") { "\($0) \($1)" })
    let client = try start("dial", in: "device", arguments)
    let up = client.line(startingWith: "up ", within: 20)
    if let up { narrator.show(up) } else { narrator.show(client.lines.joined(separator: "\n")) }
    narrator.verify("the tunnel is up", up != nil)
    return client
  }

  /// Runs `drawbridge` against a control socket and shows what it prints.
  @discardableResult
  func ask(
    _ socket: String, _ words: [String], quietly: Bool = false
  ) throws -> (
    code: Int32, output: String
  ) {
    let result = try Child.run([Stage.program] + words + ["--socket", socket])
    if !quietly {
      narrator.show("$ drawbridge " + words.joined(separator: " "))
      narrator.show(result.output)
    }
    return result
  }

  /// A list of the gateway's control socket as it travels: `items`, each an object.
  func items(_ socket: String, _ words: [String]) throws -> [[String: Any]] {
    let (_, output) = try ask(socket, words + ["--json"], quietly: true)
    let object = try JSONSerialization.jsonObject(with: Data(output.utf8)) as? [String: Any]
    return object?["items"] as? [[String: Any]] ?? []
  }
}
