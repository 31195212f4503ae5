import Control
import Foundation
import Primitives
import Testing

@Suite(.timeLimit(.minutes(5))) struct RecordTests {
  private func roundTrip<Value: Codable & Equatable>(_ value: Value) throws {
    let data = try ControlJSON.encode(value)
    #expect(try ControlJSON.decode(Value.self, from: data) == value)
    #expect(try ControlJSON.encode(value) == data)
  }

  @Test func everyRecordWrittenIsReadBack() throws {
    try roundTrip(Samples.policy)
    try roundTrip(Samples.exchange)
    try roundTrip(Samples.isakmpSA)
    try roundTrip(Samples.counter)
    try roundTrip(Samples.ipsecSA)
    try roundTrip(Samples.destination)
    try roundTrip(ListReply(items: [Samples.tunnel, Samples.spentTunnel]))
    try roundTrip(Samples.session)
    try roundTrip(Samples.ppp)
    try roundTrip(Samples.grants)
    try roundTrip(GrantsReply())
    try roundTrip(VersionReply(version: "1", role: .dial, processID: 7))
    try roundTrip(HealthReply(ready: false, reasons: ["no TUN"], uptimeSeconds: 1))
    try roundTrip(ReloadReply(applied: ["users"], needsRestart: ["listen"], warnings: []))
    try roundTrip(CloseReply(target: .sa, id: .max))
  }

  @Test func everyCloseReasonIsWrittenByItsName() throws {
    for reason in CloseReason.allCases {
      let text = String(decoding: try ControlJSON.encode([reason]), as: UTF8.self)
      #expect(text == "[\"\(reason.rawValue)\"]")
    }
  }

  @Test func theTunnelObjectIsTheDocumentedOne() throws {
    let text = String(decoding: try ControlJSON.encode(Samples.spentTunnel), as: UTF8.self)
    #expect(
      text == """
        {"ageSeconds":20,"closing":{"closeReason":"singleShotSpent","closedSecondsAgo":2,\
        "destructTimeoutRemainingSeconds":598},"connection":2,"destination":1,\
        "destructTimeoutSeconds":600,"endpoints":{"localAddress":"192.0.2.1","localPort":4500,\
        "natState":"remote","peerAddress":"198.51.100.7","peerPort":61234},"id":12,\
        "idleTimeoutSeconds":0,"ipsecTransport":true,"localTunnelID":1001,\
        "remoteHost":"service","remoteHostName":"evil\\u001b[31m\\nhost","remoteTunnelID":3,\
        "retransmissionsLimit":7,"retransmissionsSent":0,"role":"lns","sessions":0,\
        "sessionsInLife":1,"sessionsLimit":1,"singleShot":true,"spent":true,"state":"closed"}
        """)
  }

  @Test func anErrorHasTheShapeOfProblemJSON() throws {
    let error = ControlError.nothing(.tunnel, id: 7)
    let text = String(decoding: try ControlJSON.encode(error), as: UTF8.self)
    #expect(
      text == """
        {"cause":"it is closed already, or never was","code":"notFound",\
        "detail":"there is no tunnel 7","nextStep":"see drawbridge show l2tp tunnel",\
        "status":404,"title":"Not found","type":"urn:drawbridge:error:notFound"}
        """)
    for code in ControlError.Code.allCases {
      try roundTrip(ControlError(code, "what", cause: "why", nextStep: "then"))
    }
  }
}

/// `Docs/commands.md` names every key, request and code.
@Suite(.timeLimit(.minutes(5))) struct CommandsPageTests {
  private static func page() throws -> String {
    let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
      .deletingLastPathComponent()
    return try String(contentsOf: root.appending(path: "Docs/commands.md"), encoding: .utf8)
  }

  @Test func everyKeyOfEveryRecordIsDocumented() throws {
    let page = try Self.page()
    let records: [(heading: String, record: Any)] = [
      ("`endpoints`: both ends", Samples.endpoints), ("`closing`: the end", Samples.closing),
      ("`retransmission`: back-off", Samples.exchange.retransmission),
      ("ISAKMP policy", Samples.policy), ("ISAKMP exchange", Samples.exchange),
      ("ISAKMP SA", Samples.isakmpSA), ("IPsec SA", Samples.ipsecSA),
      ("L2TP destination", Samples.destination), ("L2TP tunnel", Samples.tunnel),
      ("L2TP session", Samples.session), ("PPP link", Samples.ppp), ("Grant", Samples.grant),
      ("Grant stream", Samples.grantStream),
    ]
    for (heading, record) in records {
      let section = page.components(separatedBy: "\n**").first { $0.hasPrefix(heading) }
      let rows = try #require(section).split(separator: "\n").filter { $0.hasPrefix("| `") }
      let documented = rows.compactMap { $0.split(separator: "`").dropFirst().first }.map(
        String.init)
      #expect(documented == Mirror(reflecting: record).children.compactMap(\.label), "\(heading)")
    }
  }

  @Test func everyRequestAndEveryCodeIsDocumented() throws {
    let page = try Self.page()
    for path in ControlList.allCases.map(\.path) + [ControlRequest.grants.path] {
      #expect(page.contains("| `GET \(path)` |"))
    }
    for target in CloseTarget.allCases { #expect(page.contains("| `DELETE \(target.path)/ID` |")) }
    for code in ControlError.Code.allCases {
      let status = ControlError(code, "", cause: "", nextStep: "").httpStatus
      #expect(page.contains("`\(code.rawValue)` \(status)"))
    }
  }
}

@Suite(.timeLimit(.minutes(5))) struct RequestTests {
  @Test func everyRequestWrittenIsReadBack() throws {
    let requests =
      ControlList.allCases.map(ControlRequest.list)
      + CloseTarget.allCases.flatMap { [.close($0, id: 0), .close($0, id: .max)] }
      + [.grants, .version, .health, .reload]
    for request in requests {
      let read = try ControlRequest(method: request.method.rawValue, path: request.path)
      #expect(read == request)
    }
    #expect(Set(requests.map(\.path)).count == requests.count)
  }

  @Test(arguments: [
    ("GET", "/"), ("GET", "/v1"), ("GET", "/v1/l2tp/tunnels/"), ("GET", "/v1/l2tp/tunnels/7"),
    ("DELETE", "/v1/l2tp/tunnels"), ("DELETE", "/v1/l2tp/tunnels/"),
    ("DELETE", "/v1/l2tp/tunnels/-1"), ("DELETE", "/v1/l2tp/tunnels/07"),
    ("DELETE", "/v1/l2tp/tunnels/+7"), ("DELETE", "/v1/l2tp/tunnels/7/8"),
    ("DELETE", "/v1/l2tp/tunnels/18446744073709551616"), ("DELETE", "/v1/ppp/7"),
    ("POST", "/v1/version"), ("PUT", "/v1/reload"), ("", ""), ("GET", "/v1/../v1/version"),
  ])
  func whatIsNoRequestIsRefused(method: String, path: String) {
    #expect { try ControlRequest(method: method, path: path) } throws: {
      ($0 as? ControlError)?.code == .badRequest
    }
  }

  @Test func theTwinClosesWhatIsOpenOnly() async throws {
    let service = InMemoryControlService(Samples.state)
    #expect(try await service.close(.tunnel, id: 7).closeReason == .administrator)
    for (target, id) in [(CloseTarget.tunnel, UInt64(12)), (.session, 7), (.sa, 5)] {
      await #expect { try await service.close(target, id: id) } throws: {
        ($0 as? ControlError)?.code == .notFound
      }
    }
    #expect(await service.closed == [CloseReply(target: .tunnel, id: 7)])
  }
}
