import Foundation

// The whole story: an operator asks for a device, users share the tunnel, and every end is recorded.
extension Play {
  private static let page = "<h1>PBX-0042: all lines are fine</h1>\n"
  private static let agentSocket = ["--socket", "/run/agent.sock"]

  /// From the first token to the last event.
  mutating func connectionService() throws {
    let broker = try startBroker()
    let gateway = try introduce(broker)
    let agent = try attachDevice(broker)
    let anna = try firstConnection(broker, agent)
    try reach(broker, from: "anna", at: anna.address)
    let ben = try secondUser(broker, sharing: anna)
    let others = try fillUp(broker)
    try closeAll(broker, [ben] + others + [anna.id])
    try loseTunnel(broker, gateway, agent)
    try readRecords(broker)
    end(keeping: 1)
  }

  private mutating func startBroker() throws -> Service {
    narrator.step("A broker with a certificate and a database of its own")
    // Of a demonstration before this one: the chain of a new broker begins anew.
    try? FileManager.default.removeItem(at: folder.appendingPathComponent("events.jsonl"))
    try Service.write(Service.brokerFile(folder: folder), to: "/run/broker.yaml")
    let arguments = [Stage.program, "broker", "--config", "/run/broker.yaml"]
    narrator.show("$ drawbridge broker --config broker.yaml")
    let broker = try start("broker", in: "gateway", arguments)
    let line = broker.line(containing: "SHA-256: ", within: 15)
    _ = broker.line(containing: "admin token in:", within: 5)
    narrator.show(broker.lines.suffix(3).joined(separator: "\n"))
    narrator.verify("the broker is ready", line != nil)
    let fingerprint = line?.split(separator: " ").last.map(String.init)
    return Service(fingerprint: fingerprint ?? "")
  }

  /// Tokens for the gateway and three people; the gateway follows the broker.
  private mutating func introduce(_ broker: Service) throws -> Child {
    narrator.step(
      "Tokens for a gateway and three operators; the gateway asks the broker who may pass")
    for (person, role) in [("gateway", "gateway")] + Service.people.map({ ($0, "operator") }) {
      let words = ["token", "add", person, "--role", role]
      let (code, token) = try Child.run(broker.command(of: "admin", in: "gateway", words))
      guard code == 0 else { throw StageFailure(description: token) }
      try Service.write(token + "\n", to: Service.token(of: person))
    }
    try tell(broker, "admin", "gateway", ["token", "list"])
    try Service.write(broker.gatewayFile(captureKeys: folder), to: "/run/gateway.yaml")
    narrator.show("$ drawbridge gateway --config gateway.yaml")
    let gateway = try start(
      "gateway", in: "gateway", [Stage.program, "gateway", "--config", "/run/gateway.yaml"])
    narrator.verify(
      "the gateway is ready", gateway.line(containing: "gateway ready", within: 10) != nil)
    narrator.verify(
      "and follows the broker", try event(broker, "gateway.attached", within: 10) != nil)
    return gateway
  }

  private mutating func attachDevice(_ broker: Service) throws -> Child {
    narrator.step(
      "A device behind a NAT: enrolled by a one-time code, attached by a stream it opens")
    let announced = try object(
      Child.run(
        broker.command(
          of: "admin", in: "gateway",
          ["device", "enrol", Service.product, "--name", "Front desk", "--json"])
      ).output)
    let enrolled = try Child.run([
      "ip", "netns", "exec", "device", Stage.program, "agent", "enrol", "--broker",
      Service.brokerAddress, "--fingerprint", broker.fingerprint, "--code",
      announced["code"] as? String ?? "", "--token-file", "/run/device.token",
    ])
    narrator.show(enrolled.output)
    narrator.verify("the device is enrolled", enrolled.code == 0)
    try serveDevicePage()
    try Service.write(broker.agentFile(), to: "/run/agent.yaml")
    let agent = try startAgent()
    let attached = try event(broker, "device.attached", within: 15)
    narrator.show(agent.text)
    narrator.verify("the device is attached", attached != nil)
    try tell(broker, "anna", "anna", ["device", "list"])
    return agent
  }

  private mutating func startAgent() throws -> Child {
    narrator.show("$ drawbridge agent --config agent.yaml")
    return try start(
      "agent", in: "device", [Stage.program, "agent", "--config", "/run/agent.yaml"])
  }

  private mutating func serveDevicePage() throws {
    try FileManager.default.createDirectory(
      atPath: "/run/device-page", withIntermediateDirectories: true)
    try Self.page.write(toFile: "/run/device-page/index.html", atomically: true, encoding: .utf8)
    let server = try start(
      "the device's page", in: "device",
      ["python3", "-u", "-m", "http.server", "80", "--directory", "/run/device-page"])
    _ = server.line(containing: "Serving HTTP", within: 5)
  }

  private typealias Connected = (id: String, address: String)

  private mutating func firstConnection(_ broker: Service, _ agent: Child) throws -> Connected {
    narrator.step("anna asks for the device: its agent dials, main mode to address")
    let before = agent.lines.count
    let connected = try connect(broker, "anna", ["--reason", "voicemail is full"])
    narrator.show(agent.lines.dropFirst(before).joined(separator: "\n"))
    narrator.verify("anna has the device's VPN address", connected.address.hasPrefix("10.66.0."))
    try tell(broker, "anna", "anna", ["connections"])
    return connected
  }

  /// Asks for a connection as a person would, and shows what came.
  private mutating func connect(
    _ broker: Service, _ person: String, _ options: [String] = []
  ) throws -> Connected {
    let words = ["connect", Service.product] + options
    narrator.show("\(person)$ drawbridge " + words.joined(separator: " "))
    let result = try Child.run(
      broker.command(of: person, in: person, words + ["--json"]), within: 70)
    let view = try object(result.output)
    guard let id = view["id"] as? String, let address = view["vpnAddress"] as? String else {
      throw StageFailure(description: result.output)
    }
    narrator.show("connected \(id) at \(address)")
    return (id, address)
  }

  /// The person's own tunnel, and the device's page through both.
  private mutating func reach(_ broker: Service, from person: String, at address: String) throws {
    narrator.step("\(person) dials, too, and opens the device's page through both tunnels")
    try dialOwn(person)
    narrator.verify("\(person) sees the device's page", try sees(person, address))
    try ask(Stage.gatewaySocket, ["show", "grants"])
    narrator.step("carl has a tunnel of his own, and no connection")
    try dialOwn("carl")
    narrator.verify("carl sees nothing", try !sees("carl", address))
  }

  private mutating func dialOwn(_ person: String) throws {
    let client = try start(
      "dial of \(person)", in: person,
      [
        Stage.program, "dial", Stage.gatewayAddress, "--psk", Self.secret, "--user", person,
        "--password", Self.password, "--route", Stage.pool, "--socket", "/run/\(person).sock",
      ])
    let up = client.line(startingWith: "up ", within: 20)
    narrator.show("\(person)$ drawbridge dial \(Stage.gatewayAddress) …\n" + (up ?? client.text))
    narrator.verify("\(person)'s own tunnel is up", up != nil)
  }

  private func sees(_ person: String, _ address: String) throws -> Bool {
    let page = try Child.run([
      "ip", "netns", "exec", person, "curl", "-s", "--max-time", "2", "http://\(address)/",
    ])
    return page.output + "\n" == Self.page
  }

  private mutating func secondUser(_ broker: Service, sharing first: Connected) throws -> String {
    narrator.step("ben shares the tunnel")
    let connected = try connect(broker, "ben")
    narrator.verify(
      "the same address, another id",
      connected.address == first.address && connected.id != first.id)
    try dialOwn("ben")
    narrator.verify("ben sees the device's page", try sees("ben", first.address))
    return connected.id
  }

  /// Ten connections at most.
  private mutating func fillUp(_ broker: Service) throws -> [String] {
    narrator.step("Ten users fit; the eleventh does not")
    var ids: [String] = []
    while ids.count < 8 { ids.append(try connect(broker, "anna").id) }
    let refused = try tell(broker, "ben", "ben", ["connect", Service.product])
    narrator.verify(
      "the 11th is refused: connectionLimit, exit code 5",
      refused.code == 5 && refused.output.contains("connectionLimit"))
    return ids
  }

  private mutating func closeAll(_ broker: Service, _ ids: [String]) throws {
    narrator.step("Connections are closed one by one; with the last one the tunnel goes")
    let address = try state(broker).address
    try tell(broker, "ben", "ben", ["close", ids.first ?? ""])
    narrator.verify("ben sees the page no more", try !sees("ben", address))
    narrator.verify("anna still does", try sees("anna", address))
    for id in ids.dropFirst() {
      let (code, output) = try Child.run(broker.command(of: "anna", in: "anna", ["close", id]))
      if code != 0 { narrator.show(output) }
    }
    let closed = try event(broker, "tunnel.closed", within: 10)
    narrator.show(closed ?? "")
    narrator.verify(
      "the last close ended the tunnel", closed?.contains("lastConnectionClosed") == true)
    narrator.verify("anna sees the page no more", try !sees("anna", address))
  }

  private mutating func loseTunnel(_ broker: Service, _ gateway: Child, _ agent: Child) throws {
    narrator.step("A tunnel is cut from outside: it stays down, and one event says so")
    _ = try connect(broker, "anna")
    let session = try items(Stage.gatewaySocket, ["show", "l2tp", "session"])
      .first { $0["user"] as? String == Service.product && $0["closing"] == nil }
    try ask(Stage.gatewaySocket, ["close", "tunnel", "\(session?["tunnel"] ?? 0)"])
    let lost = try event(broker, "tunnel.unexpectedClose", within: 20)
    narrator.show(lost ?? "")
    narrator.verify("the device noticed and told why", lost != nil)
    let dialled = agent.lines.count { $0.contains("dialling") }
    let (phase, _) = try state(broker)
    narrator.verify("the tunnel stays down", phase == "down")
    agent.stop()
    let again = try startAgent()
    _ = try event(broker, "device.attached", count: 2, within: 20)
    narrator.verify(
      "also when the agent starts again",
      try state(broker).phase == "down" && !again.text.contains("dialling") && dialled <= 2)
    narrator.verify(
      "exactly one unexpectedClose was recorded",
      try events(broker, "tunnel.unexpectedClose").count == 1)
  }

  private mutating func readRecords(_ broker: Service) throws {
    narrator.step("What is on record")
    try tell(broker, "anna", "anna", ["history", "--limit", "5"])
    let local = try Child.run(
      ["ip", "netns", "exec", "device", Stage.program, "agent", "history"] + Self.agentSocket)
    narrator.show("device$ drawbridge agent history\n" + local.output)
    narrator.verify("the device has its own history", local.output.contains("unexpectedClose"))
    let file = folder.appendingPathComponent("events.jsonl").path
    let check = try Child.run([Stage.program, "events", "verify", file])
    narrator.show("$ drawbridge events verify events.jsonl\n" + check.output)
    narrator.verify("the chain of events is whole", check.code == 0)
  }
}
