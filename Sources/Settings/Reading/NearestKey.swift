/// The known key that a mistyped one most likely meant.
enum NearestKey {
  /// The known key at the smallest edit distance, letter case ignored; `nil` when even that one has
  /// less than half of its letters in common.
  static func find(_ typed: String, among known: [String]) -> String? {
    let wanted = Array(typed.lowercased().utf8.prefix(lengthMax))
    let ranked = known.sorted().map { key in
      (key: key, distance: distance(wanted, Array(key.lowercased().utf8)))
    }
    guard let best = ranked.min(by: { $0.distance < $1.distance }) else { return nil }
    return best.distance * 2 <= max(wanted.count, best.key.utf8.count) ? best.key : nil
  }

  /// Keys longer than this resemble nothing.
  private static let lengthMax = 64

  /// Levenshtein's distance, one row at a time.
  private static func distance(_ left: [UInt8], _ right: [UInt8]) -> Int {
    var row = Array(0...right.count)
    for (i, a) in left.enumerated() {
      var diagonal = row[0]
      row[0] = i + 1
      for (j, b) in right.enumerated() {
        let substituted = diagonal + (a == b ? 0 : 1)
        diagonal = row[j + 1]
        row[j + 1] = min(substituted, row[j] + 1, row[j + 1] + 1)
      }
    }
    return row[right.count]
  }
}
