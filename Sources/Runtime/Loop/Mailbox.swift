import Control
import LinuxIO
import Primitives
import Synchronization

/// What other threads want done on a loop, in the order in which they asked.
///
/// Every question is answered exactly once: by the loop, or with an error when the loop is over.
final class Mailbox<Owner: LoopOwner & ~Copyable>: Sendable {
  /// Something to do with the loop, on its own thread.
  typealias Job = @Sendable (inout HostLoop<Owner>, Instant) -> Void

  /// The most questions that wait; more are refused. Notices (`post`) are never refused: whoever
  /// posts bounds them.
  static var questionsMax: Int { 1024 }

  private struct Item: Sendable {
    var run: Job
    /// Runs instead when the loop is over.
    var abandon: (@Sendable () -> Void)?
  }

  private struct State: Sendable {
    var items: [Item] = []
    var questions = 0
    var isClosed = false
  }

  private let waker: Waker
  private let state = Mutex(State())

  init() throws(SystemError) { waker = try Waker() }

  /// What the loop's poller watches.
  var descriptor: Int32 { waker.descriptor }

  /// Has `job` run; dropped when the loop is over.
  func post(_ job: @escaping Job) {
    let isAccepted = state.withLock { state in
      guard !state.isClosed else { return false }
      state.items.append(Item(run: job))
      return true
    }
    if isAccepted { waker.wake() }
  }

  /// Has `body` run and waits for what it returns.
  ///
  /// - Throws: `limitReached` when too many questions wait, `unreachable` when the loop is over,
  ///   and what `body` throws.
  func perform<Answer: Sendable>(
    _ body: @escaping @Sendable (inout HostLoop<Owner>, Instant) throws(ControlError) -> Answer
  ) async throws(ControlError) -> Answer {
    let outcome = await withCheckedContinuation {
      (continuation: CheckedContinuation<Result<Answer, ControlError>, Never>) in
      let item = Item(
        run: { loop, now in
          continuation.resume(
            returning: Result { () throws(ControlError) in try body(&loop, now) })
        },
        abandon: { continuation.resume(returning: .failure(.loopIsOver)) })
      if let refusal = ask(item) { continuation.resume(returning: .failure(refusal)) }
    }
    return try outcome.get()
  }

  private func ask(_ item: Item) -> ControlError? {
    let refusal: ControlError? = state.withLock { state in
      guard !state.isClosed else { return .loopIsOver }
      guard state.questions < Self.questionsMax else { return .tooManyQuestions }
      state.items.append(item)
      state.questions += 1
      return nil
    }
    if refusal == nil { waker.wake() }
    return refusal
  }

  /// Takes up to `countMax` jobs, oldest first; the waker stays awake while any are left.
  func take(_ countMax: Int) -> [Job] {
    waker.drain()
    let (jobs, hasMore) = state.withLock { state in
      let taken = state.items.prefix(countMax)
      state.questions -= taken.count { $0.abandon != nil }
      state.items.removeFirst(taken.count)
      return (taken.map(\.run), !state.items.isEmpty)
    }
    if hasMore { waker.wake() }
    return jobs
  }

  /// The loop is over: whoever waits gets an error, and whoever asks later as well.
  func close() {
    let abandoned = state.withLock { state in
      state.isClosed = true
      defer { state.items = [] }
      return state.items
    }
    for item in abandoned { item.abandon?() }
  }
}

extension ControlError {
  /// The process is on its way out.
  static let loopIsOver = ControlError(
    .unreachable, "the program is ending", cause: "it was told to, or its tunnel is over",
    nextStep: "start it again")

  static let tooManyQuestions = ControlError(
    .limitReached, "too many requests wait to be answered",
    cause: "several programs ask at once, or the host is overloaded", nextStep: "ask again later")
}
