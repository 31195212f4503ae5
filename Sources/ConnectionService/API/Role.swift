/// What a token may do; each role includes nothing of another but what its line says.
public enum Role: String, CaseIterable, Hashable, Sendable, Codable {
  /// Reads everything of its organisation.
  case viewer
  /// `viewer`; connects to devices, closes its own connections.
  case `operator`
  /// `operator`; closes anybody's, enrols and removes devices, makes and revokes tokens, webhooks.
  case admin
  /// An agent's: its own stream and reports.
  case device
  /// A gateway's: its own stream; sees the grants of every organisation.
  case gateway
}
