import Simulation
import Synchronization

/// Many stories, one seed after the other and each kind in turn; several workers take from it.
final class StorySeries: Sendable {
  /// How far it goes.
  enum End: Sendable {
    /// So many stories of each kind.
    case count(UInt64)
    /// No story begins later.
    case time(ContinuousClock.Instant)
  }

  /// A story that failed.
  struct Failure: Sendable, CustomStringConvertible {
    let kind: StoryKind
    let seed: UInt64
    let words: String

    var description: String {
      "FAILED: seed \(seed) of \(kind): \(words)\n  again: \(kind.command(for: seed))"
    }
  }

  private struct State {
    var begun: UInt64 = 0
    var played: UInt64 = 0
    var tally = Tally()
    var failures: [Failure] = []
    var printedAt: ContinuousClock.Instant
  }

  /// How often it says where it is.
  private static let reportInterval = Duration.seconds(5)
  /// How many failures are told in full; of the others only the number.
  private static let failuresTold = 20

  private let kinds: [StoryKind]
  private let first: UInt64
  private let end: End
  private let startedAt = ContinuousClock.now
  private let state: Mutex<State>

  init(of kinds: [StoryKind], from first: UInt64, until end: End) {
    self.kinds = kinds
    self.first = first
    self.end = end
    state = Mutex(State(printedAt: startedAt))
  }

  /// Plays them on so many threads.
  /// - Returns: whether all passed.
  func play(jobs: Int) async -> Bool {
    await withDiscardingTaskGroup { group in
      for _ in 0..<jobs {
        group.addTask {
          while let (kind, seed) = self.next() { self.play(kind, seed) }
        }
      }
    }
    return conclude()
  }

  private func next() -> (StoryKind, UInt64)? {
    state.withLock { state in
      let (round, place) = state.begun.quotientAndRemainder(dividingBy: UInt64(kinds.count))
      switch end {
      case .count(let count): guard round < count else { return nil }
      case .time(let time): guard ContinuousClock.now < time else { return nil }
      }
      state.begun += 1
      return (kinds[Int(place)], first &+ round)
    }
  }

  private func play(_ kind: StoryKind, _ seed: UInt64) {
    var words: String?
    var tally = Tally()
    do {
      let play = try kind.play(seed)
      tally = play.tally
      words = play.broken.map { "\($0)" }
    } catch {
      words = "the story could not begin: \(error)"
    }
    let failure = words.map { Failure(kind: kind, seed: seed, words: $0) }
    state.withLock { state in
      state.played += 1
      state.tally += tally
      if let failure {
        state.failures.append(failure)
        if state.failures.count <= Self.failuresTold { say("\(failure)") }
      }
      let now = ContinuousClock.now
      guard now - state.printedAt >= Self.reportInterval else { return }
      state.printedAt = now
      say(
        "\(time(now)) s: \(state.played) played up to seed \(seed), \(state.failures.count) failed")
    }
  }

  private func time(_ now: ContinuousClock.Instant) -> Int64 {
    (now - startedAt).components.seconds
  }

  /// What happened in them, and the failures once more, where nobody can miss them.
  private func conclude() -> Bool {
    state.withLock { state in
      say("what happened in them:")
      for line in state.tally.lines { say("  \(line)") }
      for failure in state.failures.prefix(Self.failuresTold) { say("\(failure)") }
      say(
        "\(state.played) stories in \(time(.now)) s, seeds \(first) and on: "
          + "\(state.played - UInt64(state.failures.count)) passed, \(state.failures.count) failed")
      return state.failures.isEmpty
    }
  }
}
