/// Numbers of bytes as people write them: `250MB`, `1GiB`.
public enum SizeText {
  private static let units: [(name: String, bytes: UInt64)] = [
    ("TiB", 1 << 40), ("TB", 1_000_000_000_000), ("GiB", 1 << 30), ("GB", 1_000_000_000),
    ("MiB", 1 << 20), ("MB", 1_000_000), ("KiB", 1 << 10), ("kB", 1_000), ("B", 1),
  ]

  /// `nil` for anything without a unit or beyond 64 bits.
  public static func parse(_ text: String) -> UInt64? {
    let digits = text.utf8.prefix { (48...57).contains($0) }
    let letters = String(text[digits.endIndex...])
    guard (1...9).contains(digits.count), let number = UInt64(String(Substring(digits))),
      let unit = units.first(where: { $0.name == letters || (letters == "KB" && $0.name == "kB") })
    else { return nil }
    let (bytes, overflow) = number.multipliedReportingOverflow(by: unit.bytes)
    return overflow ? nil : bytes
  }

  /// The largest unit that divides the number.
  public static func show(_ bytes: UInt64) -> String {
    guard bytes > 0, let unit = units.first(where: { bytes.isMultiple(of: $0.bytes) }) else {
      return "\(bytes)B"
    }
    return "\(bytes / unit.bytes)\(unit.name)"
  }
}
