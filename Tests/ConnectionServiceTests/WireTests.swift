import ConnectionService
import Foundation
import Primitives
import Testing

/// What is written is read again as it was.
@Suite(.timeLimit(.minutes(5))) struct WireTests {
  private func roundTrip<Value: Codable & Equatable>(_ value: Value) throws -> Value {
    try JSONDecoder().decode(Value.self, from: try JSONEncoder().encode(value))
  }

  private func expectRoundTrip<Value: Codable & Equatable>(_ value: Value) throws {
    #expect(try roundTrip(value) == value)
  }

  private let time = Timestamp(milliseconds: 1_769_850_300_250)
  private let refusal = Refusal(
    .establishmentFailed, "no", cause: "because", nextStep: "wait", reason: .deadPeer)

  @Test func commandsComeBack() throws {
    var random = SeededRandom(seed: 1)
    let connection = ConnectionID(using: &random)
    let given = GivenCredentials(preSharedKey: "k", user: "u", password: "p\"\u{0}é")
    for credentials: VPNParameters.Credentials in [
      .named(try #require(Name("site"))), .given(given),
    ] {
      let parameters = VPNParameters(
        gateway: "gw", credentials: credentials, inactivitySeconds: -5)
      let order = ConnectOrder(
        connection: connection, organisation: try #require(Name("o")),
        user: try #require(Name("u")), parameters: parameters, note: "why")
      try expectRoundTrip(DeviceCommand(id: .max, epoch: 0, action: .connect(order: order)))
    }
    for reason in CloseReason.allCases {
      try expectRoundTrip(
        DeviceCommand(id: 1, epoch: 2, action: .close(connection: connection, reason: reason)))
      try expectRoundTrip(DeviceCommand(id: 1, epoch: 2, action: .closeAll(reason: reason)))
    }
  }

  @Test func reportsComeBack() throws {
    var random = SeededRandom(seed: 1)
    let (connection, tunnel) = (ConnectionID(using: &random), TunnelID(using: &random))
    let facts = ConnectedFacts(
      connection: connection, tunnel: tunnel, vpnAddress: "10.0.0.1",
      inactivity: InactivityTimeout(requestedSeconds: 1))
    var state = DeviceState(
      phase: .up,
      tunnel: TunnelState(
        id: tunnel, vpnAddress: "10.0.0.1", upSince: time, inactivitySeconds: 300,
        inactivityLeftSeconds: 1, receivedBytes: .max, sentBytes: 0), connections: [connection])
    state.number = 7
    let history = HistoryEvent.Kind.allCases.map { kind in
      var line = HistoryEvent(sequence: 1, time: time, kind: kind)
      line.tunnel = tunnel
      line.refusal = .tunnelClosing
      line.bytes = .max
      return line
    }
    try expectRoundTrip(
      DeviceReport(
        epoch: 3,
        answers: [
          DeviceAnswer(command: 1, outcome: .connected(facts: facts)),
          DeviceAnswer(command: 2, outcome: .closed),
          DeviceAnswer(command: 3, outcome: .refused(refusal: refusal)),
        ], state: state, historyID: HistoryID("h-0123456789abcdef"), history: history))
    try expectRoundTrip(DeviceReportReceipt(historyAcknowledged: .max))
  }

  @Test func aReportWithoutANumberOrAHistorysIDIsRead() throws {
    let report: DeviceReport = try decoded(
      #"{"epoch": 1, "answers": [], "state": {"phase": "down", "connections": []}, "history": []}"#)
    #expect(report.state == DeviceState(phase: .down))
    #expect(report.historyID == nil)
  }

  @Test func everyCodeKindRoleAndReasonComesBack() throws {
    for code in Refusal.Code.allCases {
      try expectRoundTrip(Refusal(code, "d", cause: "c", nextStep: "n"))
    }
    for kind in ServiceEvent.Kind.allCases {
      var event = ServiceEvent(kind, actor: "a", organisation: Name("o"), product: ProductID("p"))
      event.time = time
      event.reason = .inactivity
      event.note = "é\n"
      event.bytes = .max
      try expectRoundTrip(event)
      try expectRoundTrip(CloudEvent(event, broker: try #require(Name("b"))))
    }
    try expectRoundTrip(Role.allCases)
    #expect(
      Set(ServiceEvent.Kind.allCases.map(\.rawValue)).count == ServiceEvent.Kind.allCases.count)
  }

  @Test func viewsAndGrantsComeBack() throws {
    var random = SeededRandom(seed: 1)
    let product = try #require(ProductID("pump"))
    let name = try #require(Name("ann"))
    var connection = ConnectionView(
      id: ConnectionID(using: &random), productID: product, user: name, phase: .closed,
      requestedAt: time)
    connection.failure = refusal
    connection.closedAt = time
    try expectRoundTrip(Page(items: [connection], next: "x"))
    var device = DeviceView(productID: product, name: "The pump", online: true, enrolledAt: time)
    device.phase = .closing
    try expectRoundTrip(device)
    let grant = Grant(
      connection: connection.id, operatorUser: "a", deviceUser: "b", deviceAddress: "10.0.0.1")
    for change: GrantChange in [
      .all(grants: [grant]), .granted(grant: grant), .revoked(connection: grant.connection),
    ] {
      try expectRoundTrip(change)
    }
    try expectRoundTrip(ConnectRequest(inactivitySeconds: .min, note: "n", parameters: nil))
  }

  @Test(arguments: ["\"\"", "\"a b\"", "7", "null", "{}", "\"../x\""])
  func aNameIsCheckedWhenItArrives(_ json: String) {
    #expect(throws: (any Error).self) { let _: Name = try decoded(json) }
    #expect(throws: (any Error).self) { let _: ConnectionID = try decoded(json) }
    #expect(throws: (any Error).self) { let _: Timestamp = try decoded(json) }
  }

  @Test func givenCredentialsAreNeverPrinted() {
    let given = GivenCredentials(preSharedKey: "psk-7731", user: "pump", password: "pass-4242")
    let parameters = VPNParameters(credentials: .given(given))
    var dumped = ""
    dump(parameters, to: &dumped)
    let printed = "\(given) \(parameters) \(String(reflecting: parameters)) \(dumped)"
    #expect(!printed.contains("psk-7731"))
    #expect(!printed.contains("pass-4242"))
    #expect(printed.contains("pump"))
  }
}
