import ConnectionService

/// The refusals of the server itself, each said once.
extension Refusal {
  static let serverBusy = Refusal(
    .overloaded, "The broker has more requests than it can take.",
    cause: "Too many requests at once, or a slow database.", nextStep: "Ask again in a moment.")

  static let serverEnding = Refusal(
    .overloaded, "The broker is ending.", cause: "It is being stopped or restarted.",
    nextStep: "Ask again in a moment.")

  /// Nobody is left to read it.
  static let askerGone = Refusal(
    .badRequest, "Whoever asked has closed the connection.", cause: "It did not wait so long.",
    nextStep: "Ask again.")

  static func limit(_ detail: String) -> Refusal {
    Refusal(
      .overloaded, detail, cause: "A limit of the broker is reached.",
      nextStep: "Ask more slowly, or close what is not needed.")
  }

  static let noCredential = Refusal(
    .unauthenticated, "The request has no credential.",
    cause: "There is no Authorization header with a bearer token.",
    nextStep: "Send `Authorization: Bearer` and a token.")

  static func badField(_ fault: JSONFault) -> Refusal {
    let field = fault.path.isEmpty ? "The body" : "The field \(fault.path.joined(separator: "."))"
    return Refusal(
      .badRequest, "\(field) \(fault.sentence).", cause: "The request is not as documented.",
      nextStep: "Compare it with /openapi.json.")
  }

  static func badParameter(_ name: String, _ sentence: String) -> Refusal {
    Refusal(
      .badRequest, "The parameter \(name) \(sentence).",
      cause: "The request is not as documented.", nextStep: "Compare it with /openapi.json.")
  }

  static func bodyTooLarge(_ bytesMax: Int) -> Refusal {
    Refusal(
      .tooLarge, "The body has more than \(bytesMax) bytes.",
      cause: "No right request is as large.", nextStep: "Send less.")
  }

  static let noSuchRoute = Refusal(
    .notFound, "There is nothing at this path.", cause: "The path is mistyped.",
    nextStep: "Look it up in /openapi.json.")

  static let methodNotAllowed = Refusal(
    .badRequest, "The path does not take this method.",
    cause: "The method is mistyped.", nextStep: "Use one of those in the Allow header.")

  static let mediaTypeUnknown = Refusal(
    .badRequest, "The body is not application/json.",
    cause: "The Content-Type header says so, or is missing.",
    nextStep: "Send JSON with `Content-Type: application/json`.")

  static let crossSite = Refusal(
    .forbidden, "The request comes from another site.",
    cause: "A page of another site made the browser send it.",
    nextStep: "Use the console, or send a token in the Authorization header.")

  static let deviceSilent = Refusal(
    .deviceTimeout, "The device did not answer in time.",
    cause: "Its link to the broker is slow or broken, or its agent hangs.",
    nextStep: "Ask again; if it stays so, look at the agent's log.", reason: .retriesExhausted)

  static func roleForbidden(_ role: Role) -> Refusal {
    Refusal(
      .forbidden, "A token of role \(role.rawValue) does not allow this.",
      cause: "The request needs another role.",
      nextStep: "Use a token of a role that allows it, or ask an administrator.")
  }

  static let figuresOfAll = Refusal(
    .forbidden, "The figures are about every organisation on the broker.",
    cause: "The token is not of the organisation that runs it.",
    nextStep: "Ask who runs the broker.")

  static let storeNotRead = Refusal(
    .storeUnavailable, "The broker has not read its database yet.",
    cause: "It has just started, or the database cannot be reached.",
    nextStep: "Ask again in a moment.")
}
