import Synchronization

/// Wakes the one task that waits for something to do; what is rung meanwhile is kept.
final class Bell: Sendable {
  /// Why the task is woken.
  struct Signals: OptionSet, Sendable {
    let rawValue: UInt8

    static let events = Signals(rawValue: 1)
    /// There may be a command, or the attachment may be over.
    static let commands = Signals(rawValue: 2)
    static let heartbeat = Signals(rawValue: 4)
    /// The time is up.
    static let deadline = Signals(rawValue: 8)
    /// The other end is gone, or the server ends.
    static let end = Signals(rawValue: 16)
    /// The device has reported: its lease is renewed.
    static let reported = Signals(rawValue: 32)
  }

  private struct State {
    var pending: Signals = []
    var waiting: (@Sendable (Signals) -> Void)?
    /// Heartbeats in a row that found the one before still unheard.
    var unheard = 0
    var cutOff: (@Sendable () -> Void)?
  }

  /// Heartbeats after which a task that hears none is cut off: it writes to somebody who does not
  /// read.
  static let unheardMax = 2

  private let state = Mutex(State())

  /// What to do when the task hangs.
  func whenStuck(_ cutOff: @escaping @Sendable () -> Void) {
    state.withLock { $0.cutOff = cutOff }
  }

  /// Rings for a heartbeat, unless those before were not heard either.
  func beat() {
    let cutOff = state.withLock { state -> (@Sendable () -> Void)? in
      state.unheard = state.pending.contains(.heartbeat) ? state.unheard + 1 : 0
      return state.unheard >= Self.unheardMax ? state.cutOff : nil
    }
    cutOff?()
    ring(.heartbeat)
  }

  func ring(_ signals: Signals) {
    let (waiting, pending) = state.withLock { state in
      state.pending.formUnion(signals)
      guard let waiting = state.waiting else {
        return ((@Sendable (Signals) -> Void)?.none, Signals())
      }
      let pending = state.pending
      state.pending = []
      state.waiting = nil
      return (waiting, pending)
    }
    waiting?(pending)
  }

  /// Calls `body` once: with what was rung since the last call, or is rung next.
  ///
  /// In place of ``next()``, for whoever does not want to be a task meanwhile.
  func whenRung(_ body: @escaping @Sendable (Signals) -> Void) {
    let pending = state.withLock { state -> Signals in
      let pending = state.pending
      state.pending = []
      if pending.isEmpty { state.waiting = body }
      return pending
    }
    if !pending.isEmpty { body(pending) }
  }

  /// What was rung since the last call, without waiting.
  func takePending() -> Signals {
    state.withLock { state in
      defer { state.pending = [] }
      return state.pending
    }
  }

  /// What was rung since the last call; waits until there is something. For one task.
  ///
  /// A cancelled task is told to end.
  func next() async -> Signals {
    await withTaskCancellationHandler {
      await withCheckedContinuation { continuation in
        whenRung { continuation.resume(returning: $0) }
      }
    } onCancel: {
      ring(.end)
    }
  }
}
