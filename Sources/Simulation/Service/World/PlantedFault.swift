/// A fault that is put in on purpose, to see that a checker notices it.
public enum PlantedFault: Sendable, Hashable, CaseIterable {
  /// The agent dials again when its tunnel is lost (CS-5).
  case redialsAfterLoss
  /// The agent starts a second VPN agent for the same tunnel (CS-3).
  case dialsTwice
  /// The device's file has a lost tunnel as closed in order (CS-13).
  case hidesUnexpectedClose
  /// The device's file has the line of a lost tunnel twice.
  case repeatsUnexpectedClose
  /// Agents pass their ledger on with a connection left out, and never come back to it.
  case hidesConnection
  /// Brokers take retries for new requests.
  case ignoresKeys
  /// The gateway does not carry out what it is told to deny (CS-25).
  case keepsForwarding
  /// The gateway does not carry out what it is told to allow.
  case neverForwards
  /// Agents lose what they should answer.
  case losesAnswers
  /// An event tells what it should not.
  case tellsSecrets
  /// Somebody changes an event after it was sealed.
  case changesEvent
  /// The agent's supervision does not see that its tunnel is over.
  case overlooksLoss
  /// A step of the wall clock moves the agent's timers.
  case timersGoByTheWallClock
}
