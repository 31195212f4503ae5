/// What the API's description says of one route.
struct RouteFacts {
  struct Answer {
    let status: Int
    let description: String
    /// Media types; none for an answer without content.
    var types = ["application/json"]
    /// A name among the schemas; `nil` for plain text.
    var schema: String?
    /// Headers that matter to whoever asks, with what they say.
    var headers: [String: String] = [:]
  }

  /// A request that takes something from the answer of this one.
  struct Link {
    let route: Route
    let parameter: String
    /// Where in the answer's body it stands (RFC 6901).
    let pointer: String
  }

  let summary: String
  /// A name among the schemas.
  var body: String?
  /// The same of a browser's form, where one is taken, too; it is answered with pages.
  var form: String?
  let answers: [Answer]
  var links: [Link] = []

  /// An answer with content.
  fileprivate static func gives(
    _ summary: String, _ schema: String, status: Int = 200, body: String? = nil,
    links: [Link] = []
  ) -> RouteFacts {
    RouteFacts(
      summary: summary, body: body,
      answers: [Answer(status: status, description: "Done.", schema: schema)], links: links)
  }

  /// An answer without content.
  fileprivate static func gone(_ summary: String) -> RouteFacts {
    RouteFacts(
      summary: summary, answers: [Answer(status: 204, description: "Done.", types: [])])
  }

  /// An answer in another form than JSON.
  fileprivate static func text(_ summary: String, _ type: String) -> RouteFacts {
    RouteFacts(
      summary: summary,
      answers: [Answer(status: 200, description: "As asked for.", types: [type])])
  }
}

extension Route {
  private static let eventStream = "text/event-stream"

  var facts: RouteFacts {
    switch self {
    case .createEnrolment:
      .gives(
        "Announce a device.", "EnrolmentReply", status: 201, body: "EnrolmentRequest",
        links: [
          .init(route: .device, parameter: "productID", pointer: "/productID"),
          .init(route: .removeDevice, parameter: "productID", pointer: "/productID"),
        ])
    case .enrol:
      .gives("Enrol this device with its code.", "EnrolReply", status: 201, body: "EnrolRequest")
    case .devices: .gives("List devices.", "DevicePage")
    case .device: .gives("Look at one device.", "DeviceView")
    case .removeDevice: .gone("Remove a device.")
    case .connect: Self.connectFacts
    case .closeAll:
      .gives("Close a device's connections and tunnel.", "ConnectionPage", status: 202)
    case .connections: .gives("List connections, the newest first.", "ConnectionPage")
    case .connection: .gives("Look at one connection.", "ConnectionView")
    case .close: .gives("Close a connection.", "ConnectionView")
    case .events: Self.eventFacts
    case .tokens: .gives("List tokens.", "TokenPage")
    case .createToken:
      .gives(
        "Make a token.", "TokenReply", status: 201, body: "TokenRequest",
        links: [.init(route: .revokeToken, parameter: "id", pointer: "/view/id")])
    case .revokeToken: .gone("Revoke a token.")
    case .grants: .gives("List what operators may reach now.", "GrantPage")
    case .webhooks: .gives("List webhooks.", "WebhookPage")
    case .createWebhook:
      .gives(
        "Add a webhook.", "WebhookView", status: 201, body: "WebhookRequest",
        links: [.init(route: .removeWebhook, parameter: "id", pointer: "/id")])
    case .removeWebhook: .gone("Remove a webhook.")
    case .agentStream: .text("A device's stream of commands.", Self.eventStream)
    case .agentReport: .gives("A device's report.", "DeviceReportReceipt", body: "DeviceReport")
    case .gatewayStream: .text("A gateway's stream of grants.", Self.eventStream)
    case .openAPI: .gives("This description.", "Anything")
    case .health: .gives("Whether the process lives.", "Anything")
    case .readiness: Self.readinessFacts
    case .metrics: .text("Metrics for Prometheus.", "text/plain")
    case .openSession: Self.sessionFacts
    case .closeSession: .gone("End the session of the console.")
    case .home:
      RouteFacts(
        summary: "Leads to the console.",
        answers: [
          .init(
            status: 303, description: "The console.", types: [],
            headers: ["Location": "The console's first page."])
        ])
    case .console: .text("A page or file of the console.", "text/html")
    }
  }

  private static var connectFacts: RouteFacts {
    RouteFacts(
      summary: "Ask for a connection to a device, and wait for it.", body: "ConnectRequest",
      answers: [
        .init(status: 201, description: "It stands.", schema: "ConnectionView"),
        .init(status: 202, description: "It was asked for.", schema: "ConnectionView"),
      ],
      links: [
        .init(route: .connection, parameter: "id", pointer: "/id"),
        .init(route: .close, parameter: "id", pointer: "/id"),
      ])
  }

  private static var sessionFacts: RouteFacts {
    let cookie = ["Set-Cookie": "The session; one that is over at once when it ends."]
    return RouteFacts(
      summary: "Begin a session of the console; a form without a token ends it.",
      body: "SessionRequest", form: "SessionForm",
      answers: [
        .init(
          status: 200, description: "It has begun.", schema: "SessionReply", headers: cookie),
        .init(
          status: 303, description: "What a form asked for is done.", types: [],
          headers: cookie.merging(["Location": "The page to go on with."]) { $1 }),
      ])
  }

  private static var eventFacts: RouteFacts {
    RouteFacts(
      summary: "List events, or follow them with `Accept: text/event-stream`.",
      answers: [
        .init(
          status: 200, description: "A page, or a stream.",
          types: ["application/json", eventStream], schema: "EventPage")
      ])
  }

  private static var readinessFacts: RouteFacts {
    RouteFacts(
      summary: "Whether the broker can do its work, and why not.",
      answers: [
        .init(status: 200, description: "It can.", schema: "Readiness"),
        .init(status: 503, description: "It cannot.", schema: "Readiness"),
      ])
  }
}
