import Broker
import ConnectionService
import Primitives

/// CS-3 and the bounds of tables, in the broker's books of one device.
public struct BrokerBooksChecker: Sendable {
  private static let commandsMax = 64
  private var epochs: [ProductID: UInt64] = [:]

  public init() {}

  public mutating func check(
    _ device: DeviceRecord, live: [ConnectionRecord], commands: [CommandRecord], at now: Instant
  ) throws(BrokenPromise) {
    let product = device.product
    let slots = live.map(\.slot)
    try promise(
      slots.count <= 10 && Set(slots).count == slots.count
        && slots.allSatisfy((1...10).contains), "CS-3", at: now, "\(product) has slots \(slots)")
    try promise(
      live.allSatisfy { $0.view.phase != .closed }, "CS-8", at: now,
      "\(product) has a closed connection among the live ones")
    try promise(
      live.allSatisfy { $0.view.phase == .up || $0.answerDueAt != nil }, "CS-4", at: now,
      "\(product) has a connection that waits for ever")
    try promise(
      commands.count <= Self.commandsMax, "bounds", at: now,
      "\(product) has \(commands.count) commands")
    // A connection that is over has no connect waiting, with the credentials in it.
    for command in commands {
      guard case .connect(let order) = command.command.action else { continue }
      try promise(
        live.contains { $0.view.id == order.connection && $0.view.phase == .requested },
        "CS-8", at: now, "\(product) is still asked for \(order.connection)")
    }
    let epoch = epochs[product] ?? 0
    try promise(device.epoch >= epoch, "CS-21", at: now, "the epoch of \(product) went back")
    epochs[product] = device.epoch
  }
}
