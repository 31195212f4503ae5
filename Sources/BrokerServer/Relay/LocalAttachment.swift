import Broker
import ConnectionService

/// One attachment of a device in this process (CS-20, CS-21); to be ended by whoever has it.
public struct LocalAttachment: Sendable {
  private static let retry = Duration.seconds(1)

  let served: ServedBroker
  let product: ProductID
  let caller: Caller
  let instance: AgentInstance
  let place: StreamPlace
  /// What reports carry.
  public let epoch: UInt64

  /// Waits for commands: everything unanswered, in order, so that some come several times.
  /// - Returns: `nil` when the attachment is over: another one has the device, the task is cancelled,
  ///   or the server ends.
  public func nextCommands() async -> [DeviceCommand]? {
    while true {
      let signals = await place.bell.next()
      guard !signals.contains(.end) else { return nil }
      do throws(Refusal) {
        if signals.contains(.heartbeat) { try await renew() }
        if signals.contains(.commands) { return try await commands() }
      } catch {
        if error.code == .epochOutdated { return nil }
        // The database is down or slow: the attachment stands, and we ask again.
        let bell = place.bell
        Task {
          try? await Task.sleep(for: Self.retry)
          bell.ring(.commands)
        }
      }
    }
  }

  /// Has ``nextCommands()`` return.
  public func wake() { place.bell.ring(.commands) }

  /// What the device tells of itself.
  public func report(_ report: DeviceReport) async throws(Refusal) -> DeviceReportReceipt {
    let caller = caller
    let receipt = try await served.lanes.run { rules throws(Refusal) in
      try rules.receive(report, from: caller)
    }
    served.hub.ringForChanges()
    place.bell.ring(.commands)
    return receipt
  }

  /// Nothing else ends with it.
  public func end() async {
    served.streams.leave(place)
    let (served, product, epoch) = (served, product, epoch)
    // Also when the task is cancelled already.
    let detaching = Task {
      try? await served.lanes.run { rules throws(Refusal) in
        try rules.detach(product, epoch: epoch)
      }
    }
    await detaching.value
    served.hub.ringForChanges()
  }

  private func commands() async throws(Refusal) -> [DeviceCommand] {
    let (product, epoch) = (product, epoch)
    return try await served.lanes.run { rules throws(Refusal) in
      try rules.commands(for: product, epoch: epoch)
    }
  }

  private func renew() async throws(Refusal) {
    let (product, epoch, instance) = (product, epoch, instance)
    try await served.lanes.run { rules throws(Refusal) in
      try rules.renew(product, epoch: epoch, as: instance)
    }
  }
}
