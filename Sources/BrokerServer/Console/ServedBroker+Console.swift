import Broker
import ConnectionService
import HTTPTypes
import Hummingbird

extension ServedBroker {
  /// A page or a file of the console; what is refused becomes a page, too.
  func console(_ asked: Asked, _ request: Request) async throws(Refusal) -> Response {
    let path = asked.parameter
    if let file = ConsoleFiles.shared.response(path, known: asked.headers[.ifNoneMatch]) {
      return file
    }
    guard asked.credential != nil else { return askToLogIn(request) }
    do throws(Refusal) {
      let fields = FormFields(parsing: request.uri.query ?? "")
      switch path {
      case "":
        return try await read(asked) { (rules, caller) throws(Refusal) in
          try DevicesPage(fields, by: caller, rules: rules)
        }.page.response()
      case _ where path.hasPrefix("devices/"):
        guard let product = ProductID(String(path.dropFirst(8))) else { throw .noSuchPage }
        return try await read(asked) { (rules, caller) throws(Refusal) in
          try DevicePage(product, by: caller, rules: rules)
        }.page.response()
      case "events":
        let events = try await read(asked) { (rules, caller) throws(Refusal) in
          try EventsPage(fields, by: caller, rules: rules)
        }
        return events.page.response(status: events.status)
      case "history":
        let history = try await read(asked) { (rules, caller) throws(Refusal) in
          try HistoryPage(fields, by: caller, rules: rules)
        }
        return history.page.response(status: history.status)
      default: throw .noSuchPage
      }
    } catch {
      return await refused(error, asked, request)
    }
  }

  /// The login form, or the button that ends a session: a form without a token.
  func submitSession(_ asked: Asked, _ request: Request) async throws(Refusal) -> Response {
    let fields = FormFields(parsing: String(decoding: asked.body, as: UTF8.self))
    guard let token = fields["token"] else {
      var response = try closeSession(request)
      response.status = .seeOther
      response.headers[.location] = "/console/"
      return response
    }
    let login = LoginPage(next: fields["next"] ?? "")
    do throws(Refusal) {
      var response = try await openSession(token: Self.pasted(token), asked)
      response.status = .seeOther
      response.headers[.location] = login.next
      return response
    } catch {
      return LoginPage(next: login.next, refusal: error).page.response(
        status: Problem.status(of: error.code))
    }
  }

  /// A token as it was copied from a file or a terminal: the line's end is no part of it.
  private static func pasted(_ text: String) -> String {
    String(text.drop(while: \.isWhitespace).reversed().drop(while: \.isWhitespace).reversed())
  }

  private func read<Content: Sendable>(
    _ asked: Asked,
    _ body: @escaping @Sendable (ServedRules, Caller) throws(Refusal) -> Content
  ) async throws(Refusal) -> Content {
    try await perform(asked) { (rules, caller) throws(Refusal) in
      try caller.requireReading()
      return try body(rules, caller)
    }
  }

  private func askToLogIn(_ request: Request, because refusal: Refusal? = nil) -> Response {
    LoginPage(next: request.uri.string, refusal: refusal).page.response(
      status: refusal.map { Problem.status(of: $0.code) } ?? 200)
  }

  /// The refusal as a page, with the navigation when the reader is known.
  private func refused(
    _ refusal: Refusal, _ asked: Asked, _ request: Request
  ) async -> Response {
    guard refusal.code != .unauthenticated else {
      return askToLogIn(request, because: refusal)
    }
    let token = asked.credential?.token ?? ""
    let caller = try? await lanes.run { rules throws(Refusal) in try rules.authenticate(token) }
    let content: HTML = """
      <h1>This cannot be shown</h1>
      \(.problem(refusal))
      <p><a href="/console/">Devices</a></p>
      """
    return ConsolePage(title: "This cannot be shown", content: content, caller: caller).response(
      status: Problem.status(of: refusal.code))
  }
}

extension Refusal {
  fileprivate static let noSuchPage = Refusal(
    .notFound, "The console has no such page.", cause: "The address is mistyped.",
    nextStep: "Go to the devices and follow a link from there.")
}
