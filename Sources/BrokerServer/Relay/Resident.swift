import Broker
import ConnectionService
import Cryptography

/// What runs in the broker's process for as long as it serves, and plays devices of its own (CS-23).
public protocol Resident: Sendable {
  /// Runs until the task is cancelled.
  func run(_ desk: DeviceDesk) async
}

/// How a device in this process reaches the broker: what stream and reports are to one outside.
public struct DeviceDesk: Sendable {
  let served: ServedBroker
  /// Of every agent that is played here.
  let instance: AgentInstance

  /// Makes the device, unless it is there already.
  /// - Throws: `productIDTaken` for one that has an agent of its own.
  public func adopt(_ product: ProductID) async throws(Refusal) {
    try await served.lanes.run { rules throws(Refusal) in
      var random = SystemRandom()
      try rules.adopt(product, using: &random)
    }
    served.hub.ringForChanges()
  }

  /// An adopted device as it stands.
  public func relayed(_ product: ProductID) async throws(Refusal) -> RelayedDevice {
    try await served.lanes.run { rules throws(Refusal) in try rules.relayed(product) }
  }

  /// Attaches the device; an older attachment of it is over (CS-21).
  public func attach(
    _ product: ProductID, as device: RelayedDevice
  ) async throws(Refusal) -> LocalAttachment {
    let place = try served.streams.enter(.device(product))
    do throws(Refusal) {
      let (caller, instance) = (device.caller, instance)
      let epoch = try await served.lanes.run { rules throws(Refusal) in
        try rules.attach(caller, as: instance)
      }
      served.hub.ringForChanges()
      served.streams.attached(place, product, epoch: epoch)
      return LocalAttachment(
        served: served, product: product, caller: caller, instance: instance, place: place,
        epoch: epoch)
    } catch {
      served.streams.leave(place)
      throw error
    }
  }
}
