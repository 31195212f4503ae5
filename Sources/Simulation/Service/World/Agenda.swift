import Primitives

/// What is going to happen, in order of time; what is due at the same instant happens in the order
/// in which it was put here.
struct Agenda<Occasion> {
  private struct Entry {
    let at: Instant
    let occasion: Occasion
  }

  /// The next one last.
  private var entries: [Entry] = []

  /// When the next one is due.
  var next: Instant? { entries.last?.at }

  mutating func add(_ occasion: Occasion, at: Instant) {
    var (low, high) = (0, entries.count)
    while low < high {
      let middle = (low + high) / 2
      if entries[middle].at > at { low = middle + 1 } else { high = middle }
    }
    // Behind those of the same instant, that is before them here.
    entries.insert(Entry(at: at, occasion: occasion), at: low)
  }

  mutating func popNext() -> (at: Instant, occasion: Occasion)? {
    entries.popLast().map { ($0.at, $0.occasion) }
  }
}
