import Primitives

/// Watches for silence: any frame from the peer is life, and only silence costs an Echo-Request
/// (RFC 1661 §5.8).
struct EchoMonitor: Sendable, Equatable {
  enum Step: Equatable, Sendable {
    case sendEchoRequest
    case dead
  }

  let interval: Duration
  let failuresMax: Int
  /// Echo-Requests since the peer was last heard.
  private(set) var unanswered = 0
  /// When the next step is due; `nil` while off.
  private(set) var deadline: Instant?
  private var lastHeard = Instant.zero

  init(interval: Duration, failuresMax: Int) {
    self.interval = interval
    self.failuresMax = failuresMax
  }

  mutating func start(at now: Instant) {
    guard interval > .zero else { return }
    unanswered = 0
    lastHeard = now
    deadline = now + interval
  }

  mutating func stop() {
    deadline = nil
    unanswered = 0
  }

  /// The peer is alive. The deadline stays: moving it for every packet would cost the caller a
  /// timer each time, so it is moved when it comes.
  mutating func noteLife(at now: Instant) {
    lastHeard = max(lastHeard, now)
    unanswered = 0
  }

  mutating func handleTimeout(at now: Instant) -> Step? {
    guard let due = deadline, due <= now else { return nil }
    if unanswered == 0, lastHeard + interval > now {
      deadline = lastHeard + interval
      return nil
    }
    guard unanswered < failuresMax else {
      stop()
      return .dead
    }
    unanswered += 1
    deadline = now + interval
    return .sendEchoRequest
  }
}
