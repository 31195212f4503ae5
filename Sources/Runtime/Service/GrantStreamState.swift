import Control
import Primitives

/// What is known of the stream of grants, for people.
struct GrantStreamState: Sendable {
  enum Phase: Sendable {
    case connecting
    case attached
    case waiting(until: Instant)
  }

  private let broker: String
  private var phase = Phase.connecting
  private var phaseSince: Instant
  private var lastChangeAt: Instant?
  private var changes: UInt64 = 0
  private var attachments: UInt64 = 0
  private var lastError: String?

  init(broker: String, at now: Instant) {
    self.broker = broker
    phaseSince = now
  }

  mutating func enter(_ phase: Phase, at now: Instant) {
    self.phase = phase
    phaseSince = now
    if case .attached = phase { attachments &+= 1 }
  }

  mutating func noteChange(at now: Instant) {
    changes &+= 1
    lastChangeAt = now
  }

  mutating func noteError(_ text: String) { lastError = text }

  func record(grantsRefused: UInt64, at now: Instant) -> GrantStreamRecord {
    var retryAt: Instant?
    let state: GrantStreamRecord.State
    switch phase {
    case .connecting: state = .connecting
    case .attached: state = .attached
    case .waiting(let until):
      state = .waiting
      retryAt = until
    }
    return GrantStreamRecord(
      broker: broker, state: state, stateSeconds: (now - phaseSince).inSeconds,
      retryInSeconds: retryAt.map { $0.seconds(from: now) },
      lastChangeSecondsAgo: lastChangeAt.map { (now - $0).inSeconds }, changes: changes,
      attachments: attachments, grantsRefused: grantsRefused, lastError: lastError)
  }
}
