import ConnectionService
import Primitives

// What a device refuses, as people can act on it.
extension Refusal {
  static let connectionLimit = Refusal(
    .connectionLimit, "the tunnel has its \(ConnectionAgent.connectionsMax) connections",
    cause: "as many users share this device", nextStep: "wait until one of them is closed")

  static let tunnelClosing = Refusal(
    .tunnelClosing, "the device is closing its tunnel",
    cause: "the last connection was just closed", nextStep: "connect again in a few seconds")

  static let epochOutdated = Refusal(
    .epochOutdated, "the command belongs to an attachment that is over",
    cause: "the device attached again since, to this broker or another",
    nextStep: "send it on the device's present stream")

  static func connectionUnknown(_ id: ConnectionID) -> Refusal {
    Refusal(
      .connectionUnknown, "there is no connection \(id)", cause: "a typing error",
      nextStep: "see drawbridge agent connections")
  }

  static func connectionClosed(_ id: ConnectionID, _ reason: CloseReason) -> Refusal {
    Refusal(
      .connectionClosed, "the connection \(id) is closed",
      cause: "it ended before: \(reason.rawValue)", nextStep: "connect again for a new one",
      reason: reason)
  }

  static func connectionAskedTwice(_ id: ConnectionID) -> Refusal {
    Refusal(
      .badRequest, "another command waits for the connection \(id) already",
      cause: "the broker used an id twice", nextStep: "wait for the first command's answer")
  }

  static func establishmentFailed(_ reason: CloseReason, _ detail: String) -> Refusal {
    Refusal(
      .establishmentFailed, "the device's tunnel did not come up: \(reason.rawValue)",
      cause: detail.isEmpty ? "see the reason" : detail,
      nextStep: "correct the cause and connect again; nothing is retried by itself",
      reason: reason)
  }
}
