import ConnectionService
import NIOCore
import Synchronization

/// One event with its text for streams, made once for all of them.
struct HubEvent: Sendable {
  let event: ServiceEvent
  let text: ByteBuffer
}

/// The last events there were, in order, and who wants to know of the next.
///
/// A stream keeps no queue of its own: it knows the last sequence that it has written and reads on
/// from here, or from the store when it has fallen further behind.
final class EventHub: Sendable {
  /// Events that are kept.
  static let keptMax = 4096

  /// What follows a sequence.
  enum Next: Sendable {
    case events([HubEvent])
    /// Some that follow are not kept any more.
    case forgotten
  }

  private struct State {
    /// Sequence of the last event; nil until the server has found it.
    var head: UInt64?
    var kept: [HubEvent] = []
    /// Index of the oldest in `kept`, once that is full.
    var oldest = 0
    var listeners: [ObjectIdentifier: Bell] = [:]
    var watchers: [ConnectionID: [ObjectIdentifier: Bell]] = [:]
  }

  private let state = Mutex(State())
  /// Rung when something in the store may have changed.
  let changes = Bell()

  func ringForChanges() { changes.ring(.events) }

  /// The last sequence that the server has seen.
  var head: UInt64? { state.withLock { $0.head } }

  /// How many are kept.
  var keptCount: Int { state.withLock { $0.kept.count } }

  /// Where the server begins to follow.
  func begin(after sequence: UInt64) { state.withLock { $0.head = sequence } }

  /// Adds events that follow the head, and wakes whoever waits for them.
  func append(_ events: [HubEvent]) {
    let bells = state.withLock { state -> [Bell] in
      var bells = Array(state.listeners.values)
      for event in events {
        state.head = event.event.sequence
        if state.kept.count < Self.keptMax {
          state.kept.append(event)
        } else {
          state.kept[state.oldest] = event
          state.oldest = (state.oldest + 1) % Self.keptMax
        }
        if let id = event.event.connection, let watchers = state.watchers[id] {
          bells += watchers.values
        }
      }
      return bells
    }
    for bell in bells { bell.ring(.events) }
  }

  /// What follows `sequence`, at most `limit`.
  func events(after sequence: UInt64, limit: Int) -> Next {
    state.withLock { state in
      guard let head = state.head, head > sequence else { return .events([]) }
      let missing = head - sequence
      guard missing <= UInt64(state.kept.count) else { return .forgotten }
      let first = state.kept.count - Int(missing)
      let indices = first..<min(first + limit, state.kept.count)
      return .events(indices.map { state.kept[(state.oldest + $0) % state.kept.count] })
    }
  }

  /// Rings `bell` for every event from now on.
  func listen(_ bell: Bell) { state.withLock { $0.listeners[ObjectIdentifier(bell)] = bell } }

  func ignore(_ bell: Bell) {
    state.withLock { _ = $0.listeners.removeValue(forKey: ObjectIdentifier(bell)) }
  }

  /// Rings `bell` for every event about the connection from now on.
  func watch(_ id: ConnectionID, _ bell: Bell) {
    state.withLock { $0.watchers[id, default: [:]][ObjectIdentifier(bell)] = bell }
  }

  func unwatch(_ id: ConnectionID, _ bell: Bell) {
    state.withLock { state in
      state.watchers[id]?.removeValue(forKey: ObjectIdentifier(bell))
      if state.watchers[id]?.isEmpty == true { state.watchers[id] = nil }
    }
  }
}
