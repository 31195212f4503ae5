import Broker
import ConnectionService
import NIOPosix

/// Keeps the server in step with the store: what any broker on it did becomes an event here.
///
/// Polling is the truth; a change of our own and the store's notification only make it quick.
struct Pump: Sendable {
  static let followBatch = 200
  /// Ticks between two sweeps: a second.
  static let sweepTicks = 4

  let served: ServedBroker
  /// Waits for a sign that the store has changed; blocks.
  let waitForChange: (@Sendable (Duration) -> Bool)?

  /// Runs until the task is cancelled.
  func run() async {
    await withDiscardingTaskGroup { group in
      group.addTask { await tick() }
      group.addTask { await follow() }
      if waitForChange != nil { group.addTask { await listen() } }
    }
  }

  /// The clock of everything periodic.
  private func tick() async {
    var ticks = 0
    while !Task.isCancelled {
      try? await Task.sleep(for: StreamRegistry.tick)
      ticks += 1
      served.streams.tick()
      served.hub.ringForChanges()
      guard ticks.isMultiple(of: Self.sweepTicks) else { continue }
      // A store that is down is noticed by following; the next sweep does what this one did not.
      try? await served.lanes.run { rules throws(Refusal) in try rules.sweep() }
    }
  }

  private func follow() async {
    while !Task.isCancelled {
      do throws(Refusal) {
        try await readOn()
        served.readinessState.storeAnswers()
      } catch {
        served.readinessState.storeFails(error)
      }
      if await served.hub.changes.next().contains(.end) { return }
    }
  }

  /// Reads events up to the last one.
  private func readOn() async throws(Refusal) {
    while true {
      guard let head = served.hub.head else {
        let last = try await served.lanes.run { rules throws(Refusal) in try rules.lastSequence() }
        served.hub.begin(after: last)
        continue
      }
      let events = try await served.lanes.run { rules throws(Refusal) in
        try rules.follow(after: head, limit: Self.followBatch)
      }
      var hubEvents: [HubEvent] = []
      for event in events { hubEvents.append(try HubEvent(event, broker: served.name)) }
      served.hub.append(hubEvents)
      for event in events {
        if let product = event.product, event.kind.concernsStream {
          served.streams.signal(.commands, to: product)
        }
        served.metrics.count(event)
      }
      guard events.count == Self.followBatch else { return }
    }
  }

  /// Passes the store's own signs on; on a thread of its own, for they block.
  private func listen() async {
    guard let waitForChange else { return }
    let thread = NIOThreadPool(numberOfThreads: 1)
    thread.start()
    while !Task.isCancelled {
      let isSign = try? await thread.runIfActive { waitForChange(StreamRegistry.tick) }
      if isSign == true { served.hub.ringForChanges() }
    }
    try? await thread.shutdownGracefully()
  }
}

extension Broker {
  /// Sequence of the last event; zero before the first.
  func lastSequence() throws(Refusal) -> UInt64 {
    try store.transact { (rows) throws(Refusal) in
      try rows.events(
        EventQuery(organisation: nil, order: .descending(before: nil), limit: 1)
      ).first?.sequence ?? 0
    }
  }
}

extension ServiceEvent.Kind {
  /// The device's stream has to look: there may be a command, or the attachment may be over.
  fileprivate var concernsStream: Bool {
    switch self {
    case .connectRequested, .closeRequested, .connectionFailed, .deviceAttached, .deviceRemoved,
      .tokenRevoked:
      true
    default: false
    }
  }
}
