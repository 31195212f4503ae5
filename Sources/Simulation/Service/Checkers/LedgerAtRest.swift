import ConnectionService
import Primitives

/// The books of all who know of one device, when nothing is under way any more.
public struct LedgerAtRest: Sendable {
  public var product: ProductID
  /// The broker's live connections.
  public var broker: [ConnectionID: ConnectionView.Phase] = [:]
  public var commands = 0
  /// The device's own.
  public var agent: Set<ConnectionID> = []
  public var agentPhase = DeviceState.Phase.down
  /// What the gateway has grants for.
  public var gateway: Set<ConnectionID> = []
  /// Lines of the device's history that the broker does not have.
  public var untold: UInt64 = 0
  public var lostByHistory: Set<TunnelID> = []
  public var lostByEvents: Set<TunnelID> = []

  public init(product: ProductID) { self.product = product }

  public func check(at now: Instant) throws(BrokenPromise) {
    let ids = Set(broker.keys)
    try promise(
      broker.values.allSatisfy { $0 == .up }, "at rest", at: now,
      "\(product) has connections under way: \(broker.values.map(\.rawValue).sorted())")
    try promise(commands == 0, "at rest", at: now, "\(product) has \(commands) commands unanswered")
    try promise(
      ids == agent, "at rest", at: now,
      "\(product): broker has \(ids.sorted()), device \(agent.sorted())")
    try promise(
      ids == gateway, "at rest", at: now,
      "\(product): broker has \(ids.sorted()), gateway \(gateway.sorted())")
    try promise(
      agentPhase == (agent.isEmpty ? .down : .up), "at rest", at: now,
      "\(product) is \(agentPhase) with \(agent.count) connections")
    try promise(untold == 0, "at rest", at: now, "\(product) has \(untold) lines untold")
    try promise(
      lostByHistory == lostByEvents, "CS-13", at: now,
      "\(product) lost \(lostByHistory.sorted()), events tell of \(lostByEvents.sorted())")
  }
}
