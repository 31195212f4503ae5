import Broker
import ConnectionService
import Foundation
import Primitives

/// A broker in memory with an organisation, a person and a device that is attached.
struct BrokerStage {
  let broker: Broker<MemoryStore>
  let person: Caller
  let device: Caller
  let product: ProductID
  let epoch: UInt64
  var random = SeededRandom(seed: 1)

  init() throws {
    guard let name = Name("east"), let user = Name("anna"), let site = Name("site"),
      let product = ProductID("PBX-1")
    else { throw Missing() }
    let parameters = VPNParameters(credentials: .named(site))
    broker = Broker(
      name: name, store: MemoryStore(clock: Timestamp(milliseconds: 1_800_000_000_000)),
      policy: BrokerPolicy(defaultParameters: parameters))
    guard let first = try broker.start(using: &random) else { throw Missing() }
    let admin = try broker.authenticate(first)
    person = try broker.authenticate(
      try broker.createToken(
        TokenRequest(user: user, role: .operator), by: admin, using: &random
      ).token)
    let code = try broker.createEnrolment(
      EnrolmentRequest(productID: product), by: admin, using: &random
    ).code
    device = try broker.authenticate(
      try broker.enrol(EnrolRequest(code: code), using: &random).token)
    epoch = try broker.attach(device, as: AgentInstance("agent"))
    self.product = product
  }

  struct Missing: Error {}

  mutating func connect(_ request: ConnectRequest = ConnectRequest()) throws(Refusal) {
    _ = try broker.connect(product, request, key: nil, by: person, using: &random)
  }

  var commands: [DeviceCommand] {
    (try? broker.commands(for: product, epoch: epoch)) ?? []
  }

  var events: [ServiceEvent] {
    var events: [ServiceEvent] = []
    while let page = try? broker.follow(after: events.last?.sequence ?? 0, limit: 200),
      !page.isEmpty
    { events += page }
    return events
  }
}

/// A good conversation between a broker and a device, as JSON: always the same.
struct BrokerConversation {
  /// What the device said, one report after the other.
  private(set) var reports: [String] = []
  private(set) var commands: [String] = []
  private(set) var eventLines: [String] = []

  static let made: BrokerConversation = {
    guard let made = try? BrokerConversation() else {
      fatalError("the conversation of the broker's seeds fails")
    }
    return made
  }()

  private init() throws {
    var stage = try BrokerStage()
    var random = SeededRandom(seed: 2)
    let tunnel = TunnelID(using: &random)
    try stage.connect(ConnectRequest(inactivitySeconds: 300, note: "why"))
    try stage.connect()
    var report = DeviceReport(
      epoch: stage.epoch, answers: [], state: DeviceState(phase: .establishing), history: [])
    try say(report, &stage)
    report.state = DeviceState(
      phase: .up,
      tunnel: TunnelState(
        id: tunnel, vpnAddress: "10.99.0.7", upSince: Timestamp(milliseconds: 5),
        inactivitySeconds: 300, inactivityLeftSeconds: 200, receivedBytes: 1, sentBytes: 2))
    for command in stage.commands {
      commands.append(try Self.text(command))
      guard case .connect(let order) = command.action else { continue }
      report.answers.append(
        DeviceAnswer(
          command: command.id,
          outcome: .connected(
            facts: ConnectedFacts(
              connection: order.connection, tunnel: tunnel, vpnAddress: "10.99.0.7",
              inactivity: InactivityTimeout(requestedSeconds: 300)))))
      report.state.connections.append(order.connection)
    }
    report.state.connections.sort()
    report.history = [Self.line(1, .tunnelEstablished, tunnel)]
    try say(report, &stage)
    report.answers = []
    report.history = [Self.line(2, .unexpectedClose, tunnel)]
    report.state = DeviceState(phase: .down)
    try say(report, &stage)
    eventLines = try stage.events.map {
      try Self.text(CloudEvent($0, broker: stage.broker.name))
    }
  }

  private mutating func say(_ report: DeviceReport, _ stage: inout BrokerStage) throws {
    reports.append(try Self.text(report))
    _ = try stage.broker.receive(report, from: stage.device)
  }

  private static func line(
    _ sequence: UInt64, _ kind: HistoryEvent.Kind, _ tunnel: TunnelID
  ) -> HistoryEvent {
    var line = HistoryEvent(
      sequence: sequence, time: Timestamp(milliseconds: 9), kind: kind)
    line.tunnel = tunnel
    line.reason = .gatewayLost
    line.lastedSeconds = 77
    line.bytes = 4_096
    return line
  }

  static func text(_ value: some Encodable) throws -> String {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    return String(decoding: try encoder.encode(value), as: UTF8.self)
  }
}

/// Words of the broker's JSON.
enum BrokerWords {
  static let grant = """
    {"connection":"c-0123456789abcdef","operatorUser":"anna","deviceUser":"PBX-1",\
    "deviceAddress":"10.99.0.7"}
    """

  static let fields =
    [
      "epoch", "answers", "state", "history", "command", "outcome", "connected", "closed",
      "refused", "refusal", "facts", "connection", "connections", "tunnel", "vpnAddress",
      "inactivity", "inactivitySeconds", "wasClamped", "seconds", "phase", "up", "down", "number",
      "sequence", "time", "kind", "reason", "lastedSeconds", "bytes", "note", "parameters",
      "credentials", "named", "given", "preSharedKey", "user", "password", "gateway", "productID",
      "code", "role", "url", "_0", "items", "next", "data", "hash", "previousHash",
    ].map { "\"\($0)\"" }
    + [
      "{}", "[]", "null", "true", "\\u0000", "\\ud83d\\ude00", "\\ud800", "1e400", "-0",
      "9223372036854775807", "18446744073709551615", "-9223372036854775808", "0.5",
      "\"2026-01-31T09:05:00.250Z\"", "\"c-0123456789abcdef\"", "\"t-0123456789abcdef\"",
    ]
}
