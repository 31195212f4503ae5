import Primitives
import Settings

extension FuzzTarget {
  /// A configuration's text, of each kind: YAML, forms and what is checked across them. Nobody is
  /// told twice of nothing, and every finding has a place in the text.
  static let settings = FuzzTarget(
    name: "settings", inputBytesMax: 4_096,
    seeds: {
      let texts = [gatewayText, dialText, agentText, brokerText]
      return texts.enumerated().map { [UInt8($0)] + Array($1.utf8) }
        + bombs.map { [0] + Array($0.utf8) }
        + lines(of: texts).map { [UInt8($0)] + Array($1.utf8) }
    },
    words: [
      "*a", "&a ", "? ", ": ", "- ", "{", "}", "[", "]", ", ", "|\n", "\"\\u0000\"", "!!binary ",
      "file:", "env:", "credential:", "0.0.0.0/0", "255.255.255.255", "10.9.0.0/31", "any", "none",
      "off", "true", "1h30m", "0s", "250MB", "999999999d", "legacy", "compatible",
    ],
    run: { input in
      guard let kind = input.first else { return }
      let bytes = input.dropFirst()
      let text = String(decoding: bytes, as: UTF8.self)
      let lineCount = 1 + bytes.count
      do throws(ConfigurationRefused) {
        let warnings = try read(text, kind: kind)
        for warning in warnings { check(warning, lineCount: lineCount) }
        require(warnings.allSatisfy { $0.severity == .warning }, "an error passes for a warning")
      } catch {
        require(!error.findings.isEmpty, "refused without a word")
        for finding in error.findings { check(finding, lineCount: lineCount) }
      }
    })

  private static func read(
    _ text: String, kind: UInt8
  ) throws(ConfigurationRefused) -> [Finding] {
    switch kind & 3 {
    case 0: try ConfigurationLoader.gateway(yaml: text, secrets: secrets).warnings
    case 1: try ConfigurationLoader.dial(yaml: text, secrets: secrets).warnings
    case 2: try ConfigurationLoader.agent(yaml: text, secrets: secrets).warnings
    default: try ConfigurationLoader.broker(yaml: text, secrets: secrets).warnings
    }
  }

  private static func check(_ finding: Finding, lineCount: Int) {
    require(!finding.what.isEmpty && !finding.nextStep.isEmpty, "a finding that says nothing")
    guard case .line(let line) = finding.origin else { return }
    require((1...lineCount).contains(line), "a finding in line \(line) of \(lineCount)")
  }

  private struct Absent: Error {}

  private static let secrets = SecretSource(
    file: { path in
      switch path {
      case "/psk": Array("opensesame\n".utf8)
      case "/empty": []
      default: throw Absent()
      }
    },
    environment: { ["WORD": "word", "CREDENTIALS_DIRECTORY": ""][$0] })

  /// Every line alone, in the kind that it is of.
  private static func lines(of texts: [String]) -> [(Int, String)] {
    texts.enumerated().flatMap { kind, text in
      text.split(separator: "\n").map { (kind, String($0)) }
    }
  }

  /// Documents that unfold to millions of nodes, nest without end or hide in a key.
  private static let bombs: [String] = {
    let levels = (1...30).map { "a\($0): &a\($0) [*a\($0 - 1),*a\($0 - 1)]\n" }.joined()
    let bomb = "a0: &a0 [x,x]\n" + levels
    return [
      bomb, bomb + "? *a30\n: x\n", bomb + "k: {[*a30]: x}\n", bomb + "*a30 : x\n",
      String(repeating: "[", count: 2_000), String(repeating: "? ", count: 200),
      String(repeating: "{a: ", count: 900), "a: &a {b: *a}", "a: !<%C0%80> b", "\"\\uD800\": 1",
    ]
  }()

  private static let gatewayText = """
    listen: {addresses: [192.0.2.1, "2001:db8::1"], ike: 500, natt: 4500, l2tp: 1701}
    tun: {name: none, mtu: 1300}
    isakmp: {policies: [{name: site, peer: 192.0.2.9, proposals: [aes256-sha256-modp2048], \
    lifetime: 24h, msgBackoff: none, retryIkeAttempts: continuous, natTraversal: force}]}
    ipsec: {policies: [{name: site, peer: 192.0.2.9, isakmpPolicy: site, \
    transforms: [aes256gcm16], pfs: modp3072, lifetimeBytes: 250MB, replayWindow: 1024}]}
    preSharedKeys: [{peer: 192.0.2.0/24, secret: "file:/psk"}]
    pools: [{name: office, addresses: 10.9.0.0/24}]
    pppProfiles: [{name: office, authentication: [chap, pap], pool: office, \
    localAddress: 10.9.0.254, dns: [10.9.0.1], mru: 1350}]
    destinations: [{name: lab, remote: 192.0.2.9, remoteHosts: [{host: rig, \
    singleShotTunnel: true, idleTimeout: 0s, destructTimeout: 30s, pppProfile: office}]}]
    users: [{name: anna, password: secret, address: 10.9.0.7, routes: [192.168.7.0/24]}]
    broker: {url: "https://broker.example.net:8443", token: "file:/psk", authorities: /ca.pem}
    limits: {tunnels: 40, sessions: 50}
    """

  private static let dialText = """
    gateway: 192.0.2.1
    preSharedKey: file:/psk
    user: anna
    password: env:WORD
    routes: [10.0.0.0/8]
    inactivity: 5m
    keepTunnel: true
    log: {level: warning, captureKeys: off}
    isakmp: {proposals: compatible, lifetime: 1h, msgRetryLimit: 1024, dpdInterval: 0s, \
    dpdTimeout: 5s}
    ppp: {authentication: [pap], askDNS: false, mru: 128, echoInterval: 0s, echoFailuresMax: 1}
    """

  private static let agentText = """
    broker: {url: "https://broker.example.net:8443", token: "env:WORD"}
    productID: PBX-1
    credentials: [{name: default, gateway: 192.0.2.1, preSharedKey: x, user: PBX-1, password: y}]
    history: {path: /var/lib/agent.sqlite, days: 365, entries: 10000}
    """

  private static let brokerText = """
    listen: {address: 192.0.2.10, port: 8443, hostNames: [bridge.example]}
    data: /var/lib/broker
    store: {postgresql: "env:WORD"}
    vpn: {credentials: default}
    policy: {brokers: [east], rules: [{verdict: refuse, requests: [connect], users: [anna], \
    roles: [operator], products: ["PBX*"], hours: "08:00-18:00", because: night}]}
    relays: [{name: carrier, url: "https://carrier.example:8443", token: "file:/psk", \
    devices: [PBX-2]}]
    limits: {connections: 100, devices: 10, eventStreams: 5}
    """
}
