import Primitives

/// Durations as people write them: a number and a unit, largest unit first (`1h30m`).
public enum DurationText {
  private static let units: [(name: String, milliseconds: Int64)] = [
    ("d", 86_400_000), ("h", 3_600_000), ("m", 60_000), ("s", 1_000), ("ms", 1),
  ]

  /// `nil` for anything without a unit, with a unit twice or out of order, or beyond 10^9 of one.
  public static func parse(_ text: String) -> Duration? {
    var rest = text.utf8[...]
    var unitsLeft = units[...]
    var milliseconds: Int64 = 0
    while !rest.isEmpty {
      let digits = rest.prefix { (48...57).contains($0) }
      let letters = rest[digits.endIndex...].prefix { (97...122).contains($0) }
      guard (1...9).contains(digits.count), let number = Int64(String(Substring(digits))),
        let index = unitsLeft.firstIndex(where: { $0.name == String(Substring(letters)) })
      else { return nil }
      milliseconds += number * units[index].milliseconds
      unitsLeft = units[(index + 1)...]
      rest = rest[letters.endIndex...]
    }
    return text.isEmpty ? nil : .milliseconds(milliseconds)
  }

  /// The shortest exact form, e.g. `10m` for 600 seconds and `0s` for nothing.
  public static func show(_ duration: Duration) -> String {
    var left = max(0, duration.wholeNanoseconds / 1_000_000)
    var text = ""
    for unit in units where left >= unit.milliseconds {
      // A day and more is easier to compare in hours up to two days: 24h, not 1d.
      if unit.name == "d", left < 2 * unit.milliseconds { continue }
      text += "\(left / unit.milliseconds)\(unit.name)"
      left %= unit.milliseconds
    }
    return text.isEmpty ? "0s" : text
  }
}
