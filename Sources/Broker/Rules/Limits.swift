import ConnectionService

/// What bounds the tables of a broker.
enum Limits {
  /// On one tunnel (CS-3).
  static let connectionsMax = 10
  /// Unanswered, for one device; beyond it nothing is queued until the device answers.
  static let commandsMax = 64
  /// Unanswered ones beyond which connects are refused, so that there is room for closes.
  static let commandsMaxForConnect = 48
  /// How far a device's history may be ahead of what the broker has of it: a device that was out of
  /// reach drops old lines, but never as many.
  static let historyGapMax: UInt64 = 1_000_000
  /// Of one organisation.
  static let webhooksMax = 16
  /// Devices that one sweep looks at; the next one goes on.
  static let sweptMax = 256
  static let nameBytesMax = 100
  static let urlBytesMax = 2000
  static let credentialBytesMax = 1000
  /// Of each sentence that a device says of its refusal.
  static let refusalBytesMax = 500
  static let tokenLifetimeSecondsMax: Int64 = 10 * 366 * 86_400

  static func page(_ limit: Int) -> Int { min(max(limit, 1), Page<DeviceView>.itemsMax) }
}
