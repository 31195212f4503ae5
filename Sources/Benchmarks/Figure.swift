/// One line of the result: what we reach beside what can be reached, both measured in this run.
struct Figure: Encodable {
  enum Unit: String, Codable {
    case nanosecondsPerPacket = "ns/packet"
    case perCoreSecond = "1/core-s"
    case perPacket = "1/packet"
    case bytesPerSession = "B/session"
    case gigabitsPerSecond = "Gb/s"
    case coreSecondsPerGigabyte = "core-s/GB"
    case microseconds = "µs"
    case milliseconds = "ms"
    case seconds = "s"
    case bytesPerDevice = "B/device"
    case bytes = "B"
    case errors

    var isBetterHigher: Bool { self == .perCoreSecond || self == .gigabitsPerSecond }
  }

  /// Stable, for whoever compares runs.
  var name: String
  var unit: Unit
  /// `nil` when this host cannot measure it; the reference's name tells why.
  var ours: Double?
  var referenceName: String
  /// `nil` when this host cannot measure it.
  var reference: Double?
  /// What the ratio must reach, if there is such a promise.
  var target: Double?

  /// How close we come to the reference, 1 being as good; `nil` without one, or where it is zero.
  var ratio: Double? {
    guard let ours, let reference, reference > 0, ours > 0 else { return nil }
    return unit.isBetterHigher ? ours / reference : reference / ours
  }

  private enum CodingKeys: CodingKey {
    case name, unit, ours, referenceName, reference, ratio, target
  }

  func encode(to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: CodingKeys.self)
    try container.encode(name, forKey: .name)
    try container.encode(unit, forKey: .unit)
    try container.encodeIfPresent(ours, forKey: .ours)
    try container.encode(referenceName, forKey: .referenceName)
    try container.encodeIfPresent(reference, forKey: .reference)
    try container.encodeIfPresent(ratio, forKey: .ratio)
    try container.encodeIfPresent(target, forKey: .target)
  }
}
