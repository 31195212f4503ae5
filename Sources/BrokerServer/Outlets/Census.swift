import ConnectionService
import Synchronization

/// How many devices and connections there are, counted from the events of all brokers.
final class Census: Sendable {
  struct Counts: Sendable {
    var devices = 0
    var requested = 0
    var up = 0
    var closing = 0
  }

  private struct State {
    var phases: [ConnectionID: ConnectionView.Phase] = [:]
    var devices: Set<ProductID> = []
  }

  private let state = Mutex(State())

  var counts: Counts {
    state.withLock { state in
      var counts = Counts()
      counts.devices = state.devices.count
      for phase in state.phases.values {
        switch phase {
        case .requested: counts.requested += 1
        case .up: counts.up += 1
        case .closing: counts.closing += 1
        case .closed: break
        }
      }
      return counts
    }
  }

  /// Counts from the first event on, until the task is cancelled.
  func run(_ served: ServedBroker) async {
    var tail = EventTail(served: served, after: 0)
    while let events = await tail.next() {
      state.withLock { state in for event in events { Self.count(event, in: &state) } }
    }
  }

  private static func count(_ event: ServiceEvent, in state: inout State) {
    switch event.kind {
    case .deviceEnrolled: if let product = event.product { state.devices.insert(product) }
    case .deviceRemoved: if let product = event.product { state.devices.remove(product) }
    case .connectRequested: enter(.requested, event, in: &state)
    case .connectionOpened: enter(.up, event, in: &state)
    case .closeRequested:
      if let id = event.connection, state.phases[id] != nil { state.phases[id] = .closing }
    case .connectionFailed, .connectionClosed:
      if let id = event.connection { state.phases[id] = nil }
    default: break
    }
  }

  private static func enter(
    _ phase: ConnectionView.Phase, _ event: ServiceEvent, in state: inout State
  ) {
    if let id = event.connection { state.phases[id] = phase }
  }
}
