import ConnectionService
import Primitives

/// The refusals of the broker, each said once.
extension Refusal {
  static func badRequest(_ detail: String, nextStep: String) -> Refusal {
    Refusal(.badRequest, detail, cause: "The request makes no sense.", nextStep: nextStep)
  }

  /// Unknown, expired, revoked and foreign tokens get the same words.
  static let unauthenticated = Refusal(
    .unauthenticated, "The token is not good here.",
    cause: "It is mistyped, expired or revoked.",
    nextStep: "Use another token, or ask an administrator for a new one.")

  static func forbidden(_ role: Role) -> Refusal {
    Refusal(
      .forbidden, "A token of role \(role.rawValue) does not allow this.",
      cause: "The request needs another role.",
      nextStep: "Use a token of a role that allows it, or ask an administrator.")
  }

  static let closeForbidden = Refusal(
    .forbidden, "The connection is another user's.",
    cause: "An operator closes only its own connections.",
    nextStep: "Ask its user or an administrator to close it, or close all of the device's.")

  static func deviceUnknown(_ product: ProductID) -> Refusal {
    Refusal(
      .deviceUnknown, "There is no device \(product).",
      cause: "The product id is mistyped, or the device was never enrolled or is removed.",
      nextStep: "Look it up with `drawbridge device list`.")
  }

  static func deviceOffline(_ product: ProductID) -> Refusal {
    Refusal(
      .deviceOffline, "Device \(product) is not attached to any broker.",
      cause: "It is switched off, has no way to the internet, or its agent does not run.",
      nextStep: "Check power and network of the device, then ask again.")
  }

  static let deviceTimeout = Refusal(
    .deviceTimeout, "The device did not answer in time.",
    cause: "Its link to the broker is slow or broken, or its agent hangs.",
    nextStep: "Ask again; if it stays so, look at the agent's log.", reason: .retriesExhausted)

  static let connectionLimit = Refusal(
    .connectionLimit, "The device has its ten connections.",
    cause: "A tunnel carries at most ten connections.",
    nextStep: "Close one of them, or wait until one ends.")

  /// Unknown and foreign connections get the same words.
  static func connectionUnknown(_ id: ConnectionID) -> Refusal {
    Refusal(
      .connectionUnknown, "There is no connection \(id).",
      cause: "The connection id is mistyped.",
      nextStep: "Look it up with `drawbridge connections`.")
  }

  static func connectionClosed(_ id: ConnectionID, reason: CloseReason?) -> Refusal {
    Refusal(
      .connectionClosed, "Connection \(id) is over.", cause: "It was closed before.",
      nextStep: "Nothing is left to do; ask for a new connection if you need one.",
      reason: reason)
  }

  /// The failure of a connection that was closed before it stood.
  static func closedBeforeUp(_ reason: CloseReason) -> Refusal {
    Refusal(
      .connectionClosed, "The connection was closed before it stood.",
      cause: "It was closed while the device was still at work.",
      nextStep: "Ask again if you need it.", reason: reason)
  }

  static func policyRefused(_ because: String?) -> Refusal {
    Refusal(
      .policyRefused, because ?? "The broker's policy does not allow this.",
      cause: "A policy of a broker on the way to the device refuses the request.",
      nextStep: "Ask who runs that broker.", reason: .policyRefused)
  }

  static let tunnelClosing = Refusal(
    .tunnelClosing, "The device's tunnel is being closed.",
    cause: "All of its connections were closed a moment ago.", nextStep: "Ask again in a moment.")

  static let epochOutdated = Refusal(
    .epochOutdated, "This attachment of the device is over.",
    cause: "The device has attached again, or another agent uses its product id, or it is removed.",
    nextStep: "Only one agent may use a product id; stop the other one.")

  static let enrolmentCodeInvalid = Refusal(
    .enrolmentCodeInvalid, "The enrolment code is not good.",
    cause: "It is mistyped, used or expired.", nextStep: "Ask an administrator for a new code.")

  static func productIDTaken(_ product: ProductID) -> Refusal {
    Refusal(
      .productIDTaken, "There is a device \(product) already.", cause: "Product ids are unique.",
      nextStep: "Choose another product id, or remove the device first.")
  }

  static func notFound(_ what: String) -> Refusal {
    Refusal(
      .notFound, "There is no such \(what).", cause: "The id is mistyped, or it was removed.",
      nextStep: "List them to see what there is.")
  }

  static let idempotencyConflict = Refusal(
    .idempotencyConflict, "The idempotency key came before with another request.",
    cause: "A key names one request for 24 hours.", nextStep: "Use a new key for a new request.")

  static func overloaded(_ detail: String, nextStep: String) -> Refusal {
    Refusal(.overloaded, detail, cause: "A limit of the broker is reached.", nextStep: nextStep)
  }

  static func tooLarge(_ detail: String, nextStep: String) -> Refusal {
    Refusal(.tooLarge, detail, cause: "No right request is as large.", nextStep: nextStep)
  }

  static let storeUnavailable = Refusal(
    .storeUnavailable, "The broker's database cannot be reached.",
    cause: "It is down, or the way to it is broken.",
    nextStep: "Running connections live on; ask again later.")

  /// The failure of a connection whose device answered with something else.
  static let answerMisfits = Refusal(
    .internalError, "The device's answer does not fit the request.",
    cause: "The agent on the device has a fault.", nextStep: "Update the agent on the device.",
    reason: .internalError)
}
