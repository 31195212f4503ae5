/// How often what happened: shows what a run, or thousands of them, covered.
public struct Tally: Sendable, Equatable {
  private var counts: [String: Int] = [:]

  public init() {}

  public mutating func count(_ what: String, times: Int = 1) {
    guard times > 0 else { return }
    counts[what, default: 0] += times
  }

  public subscript(what: String) -> Int { counts[what] ?? 0 }

  public static func += (tally: inout Tally, other: Tally) {
    tally.counts.merge(other.counts) { $0 + $1 }
  }

  /// One line each, by name.
  public var lines: [String] {
    let width = String(counts.values.max() ?? 0).count
    return counts.keys.sorted().map { what in
      let number = String(self[what])
      return String(repeating: " ", count: width - number.count) + number + "  " + what
    }
  }
}
