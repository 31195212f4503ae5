import Broker
import BrokerClient
import BrokerServer
import ConnectionService
import Logging

/// Devices that are attached to a carrier's broker, as devices of the broker in this process (CS-23).
public struct CarrierRelay: Resident {
  private let products: [ProductID]
  private let user: Name
  private let client: BrokerClient
  private let logger: Logger

  /// - Parameters:
  ///   - products: the devices, by the product ids that they have at both brokers.
  ///   - user: the user of our token at the carrier.
  ///   - client: asks the carrier's broker; its token is an operator's.
  public init(products: [ProductID], user: Name, client: BrokerClient, logger: Logger) {
    self.products = products
    self.user = user
    self.client = client
    self.logger = logger
  }

  public func run(_ desk: DeviceDesk) async {
    var awaited = products
    var devices: [PlayedDevice] = []
    var delay = ReconnectDelay()
    var random = SystemRandomNumberGenerator()
    var former = ""
    while !Task.isCancelled {
      var problem = "the carrier's broker ended the stream"
      do {
        while let product = awaited.first {
          if try await adopt(product, desk) {
            devices.append(
              PlayedDevice(product, user: user, client: client, logger: logger))
          }
          awaited.removeFirst()
        }
        try await serve(devices, desk) { delay.reset() }
      } catch {
        problem = (error as? Refusal).map { "\($0.code.rawValue): \($0.detail)" } ?? "\(error)"
      }
      for device in devices { await device.lost() }
      guard !Task.isCancelled else { return }
      if problem != former { logger.warning("relay: \(problem)") }
      former = problem
      try? await Task.sleep(for: delay.next(using: &random))
    }
  }

  /// `false` for a device that is none of ours to play.
  private func adopt(_ product: ProductID, _ desk: DeviceDesk) async throws(Refusal) -> Bool {
    do throws(Refusal) {
      try await desk.adopt(product)
      return true
    } catch {
      guard error.code == .productIDTaken else { throw error }
      logger.error(
        "relay: \(product) is not relayed: \(error.detail) Remove it first, or leave it out.")
      return false
    }
  }

  /// Reads the carrier's books and what happened since we last did, and follows it from there. Only
  /// then are the devices attached here: a device whose carrier is out of reach is offline.
  ///
  /// - Throws: when the carrier's broker is out of reach.
  private func serve(
    _ devices: [PlayedDevice], _ desk: DeviceDesk, onCaughtUp: () -> Void
  ) async throws {
    let start = try await lastSequence()
    var books: [(PlayedDevice, DeviceView, [ConnectionView])] = []
    for device in devices {
      books.append((device, try await view(of: device), try await connections(to: device.product)))
    }
    // Whatever is in the books happened before this.
    let head = try await lastSequence()
    for (device, view, connections) in books {
      try await device.catchUp(view, connections, from: start, to: head, desk)
    }
    onCaughtUp()
    logger.info("relay: caught up devices=\(devices.count) sequence=\(head)")
    try await withThrowingTaskGroup(of: Void.self) { group in
      group.addTask { try await follow(devices, after: head) }
      for device in devices { group.addTask { await device.run(desk) } }
      defer { group.cancelAll() }
      try await group.next()
    }
  }

  private func follow(_ devices: [PlayedDevice], after head: UInt64) async throws {
    var byProduct: [ProductID: PlayedDevice] = [:]
    for device in devices { byProduct[device.product] = device }
    for try await event in client.events(after: head) {
      guard let product = event.product, let device = byProduct[product] else { continue }
      try await device.receive(event)
    }
  }

  /// The end of the carrier's record.
  private func lastSequence() async throws(Refusal) -> UInt64 {
    var last = EventSelection()
    last.limit = 1
    return try await client.events(last).items.first?.sequence ?? 0
  }

  /// One that the carrier does not have is offline there, as long as it does not.
  private func view(of device: PlayedDevice) async throws(Refusal) -> DeviceView {
    do throws(Refusal) {
      return try await client.device(device.product)
    } catch {
      guard error.code == .deviceUnknown else { throw error }
      logger.error("relay: the carrier's broker has no device \(device.product)")
      return DeviceView(
        productID: device.product, name: device.product.text, online: false,
        enrolledAt: Timestamp(milliseconds: 0))
    }
  }

  private func connections(to product: ProductID) async throws(Refusal) -> [ConnectionView] {
    var selection = ConnectionSelection()
    selection.live = true
    selection.productID = product
    // A device has ten at most.
    selection.limit = 50
    return try await client.connections(selection).items
  }
}
