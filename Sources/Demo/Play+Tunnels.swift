import Foundation

// The two kinds of tunnel, from the first message to the last.
extension Play {
  private static let idleSeconds = 3.0

  /// A standard tunnel: up, used, kept without a session, closed by its idle timeout.
  mutating func standardTunnel() throws {
    narrator.step("A gateway for standard tunnels: idle timeout 3 s, destruct timeout 10 s")
    let gateway = try startGateway(["--idle-timeout", "3s", "--destruct-timeout", "10s"])
    narrator.step("The client dials: main mode, quick mode, L2TP, PPP, addresses")
    let client = try dial(["--keep-tunnel"])
    narrator.show(gateway.lines.suffix(8).joined(separator: "\n"))
    try useTunnel()
    narrator.step("What the gateway knows of it")
    for words in [
      ["isakmp", "sa"], ["ipsec", "sa"], ["l2tp", "tunnel"], ["l2tp", "session"], ["ppp"],
    ] {
      let (code, output) = try ask(Stage.gatewaySocket, ["show"] + words)
      narrator.verify("show \(words.joined(separator: " ")) lists it", code == 0 && !output.isEmpty)
    }
    try idleTimeout(gateway)
    client.stop()
    gateway.stop()
  }

  private mutating func useTunnel() throws {
    narrator.step("Traffic through the tunnel")
    let ping = try Child.run(
      ["ip", "netns", "exec", "device", "ping", "-n", "-c", "3", "-i", "0.2", "-W", "2"]
        + [Stage.innerGateway])
    narrator.show(ping.output)
    narrator.verify("3 of 3 pings were answered", ping.output.contains(" 3 received"))
    let pages = folder.appendingPathComponent("page")
    try FileManager.default.createDirectory(at: pages, withIntermediateDirectories: true)
    try "<h1>Hello from behind the gateway</h1>\n".write(
      to: pages.appendingPathComponent("index.html"), atomically: true, encoding: .utf8)
    let server = try start(
      "web server", in: "gateway",
      [
        "python3", "-u", "-m", "http.server", "8080", "--bind", Stage.innerGateway, "--directory",
        pages.path,
      ])
    _ = server.line(containing: "Serving HTTP", within: 5)
    let page = try Child.run(
      [
        "ip", "netns", "exec", "device", "curl", "-s", "--max-time", "5",
        "http://\(Stage.innerGateway):8080/",
      ])
    narrator.show(page.output)
    narrator.verify("the web page came through", page.output.contains("Hello from behind"))
    server.stop()
  }

  private mutating func idleTimeout(_ gateway: Child) throws {
    narrator.step("Its session is closed; the tunnel stays until its idle timeout (LT-1)")
    let session = try items(Stage.gatewaySocket, ["show", "l2tp", "session"]).first?["id"]
    let start = DispatchTime.now()
    try ask(Stage.gatewaySocket, ["close", "session", "\(session ?? 0)"])
    _ = gateway.line(containing: "sessionClosed", within: 10)
    let (_, kept) = try ask(Stage.gatewaySocket, ["show", "l2tp", "tunnel"])
    narrator.verify("the tunnel is kept without a session", kept.contains("established"))
    let closed = gateway.line(containing: "idleTimeout", within: 10)
    let waited = Double(DispatchTime.now().uptimeNanoseconds - start.uptimeNanoseconds) / 1e9
    narrator.show(closed ?? gateway.lines.suffix(5).joined(separator: "\n"))
    narrator.verify(
      "the idle timeout closed it, not earlier than 3 s",
      closed != nil && waited >= Self.idleSeconds)
  }

  /// A single-shot tunnel: one session, then everything goes at once.
  mutating func singleShotTunnel() throws {
    narrator.step("A gateway for single-shot tunnels")
    let gateway = try startGateway(["--single-shot", "--destruct-timeout", "10s"])
    narrator.step("The client dials, and asks for a second session in the same tunnel (LT-4)")
    let client = try dial(["--keep-tunnel"])
    let tunnel = try items(Stage.dialSocket, ["show", "l2tp", "tunnel"]).first?["id"]
    let second = try ask(Stage.dialSocket, ["open", "session", "\(tunnel ?? 0)"])
    let refusal = gateway.line(containing: "sessionRefused", within: 5)
    narrator.show(refusal ?? gateway.lines.suffix(5).joined(separator: "\n"))
    narrator.verify("the second session is refused", second.code == 0 && refusal != nil)
    narrator.step("Its session ends: tunnel and IPsec connection go at once (LT-5, LT-7)")
    let session = try items(Stage.gatewaySocket, ["show", "l2tp", "session"]).first?["id"]
    try ask(Stage.gatewaySocket, ["close", "session", "\(session ?? 0)"])
    let gone = gateway.line(containing: "connectionDown", within: 5)
    narrator.show(gateway.lines.suffix(5).joined(separator: "\n"))
    narrator.verify(
      "the IPsec connection went at once", gone?.contains("singleShotSpent") == true)
    let live = try items(Stage.gatewaySocket, ["show", "ipsec", "sa"])
      .filter { $0["closing"] == nil }
    narrator.verify("no IPsec SA is left", live.isEmpty)
    let code = client.exitCode(within: 10)
    narrator.show(client.lines.last ?? "")
    narrator.verify("the client ended by itself and said why", code != nil)
    gateway.stop()
  }
}
