import Broker
import ConnectionService
import Primitives

/// CS-26 and the ends of everything, as the broker's events tell them.
public struct ServiceEventChecker: Sendable {
  private enum Stage {
    case requested(Timestamp)
    case opened
    case over
  }

  private var head: EventHead?
  private var connections: [ConnectionID: Stage] = [:]
  private var closeRequested: Set<ConnectionID> = []
  private var opened: Set<TunnelID> = []
  private var ended: Set<TunnelID> = []
  /// Tunnels with a `tunnel.unexpectedClose`, by device.
  public private(set) var lost: [ProductID: Set<TunnelID>] = [:]

  public init() {}

  public mutating func note(_ event: ServiceEvent, at now: Instant) throws(BrokenPromise) {
    do throws(EventChain.Fault) {
      head = try EventChain.verify([event], after: head)
    } catch {
      throw BrokenPromise("CS-26", at: now, "the chain: \(error)")
    }
    switch event.kind {
    case .connectRequested, .connectionOpened, .connectionClosed, .connectionFailed,
      .closeRequested:
      guard let id = event.connection else { return }
      try note(event, of: id, at: now)
    case .tunnelOpened:
      guard let id = event.tunnel else { return }
      try promise(
        opened.insert(id).inserted && !ended.contains(id), "CS-13", at: now,
        "\(event.summary) again")
    case .tunnelClosed, .tunnelUnexpectedClose:
      guard let id = event.tunnel else { return }
      try promise(
        event.reason != nil && ended.insert(id).inserted, "CS-13", at: now,
        "\(event.summary) again")
      guard event.kind == .tunnelUnexpectedClose, let product = event.product else { return }
      lost[product, default: []].insert(id)
    case .deviceEnrolled, .deviceRemoved, .deviceAttached, .deviceDetached, .requestRefused,
      .tokenCreated, .tokenRevoked, .enrolmentCreated, .gatewayAttached, .gatewayDetached,
      .configurationChanged, .webhookAdded, .webhookRemoved:
      break
    }
  }

  private mutating func note(
    _ event: ServiceEvent, of id: ConnectionID, at now: Instant
  ) throws(BrokenPromise) {
    let stage = connections[id]
    switch (event.kind, stage) {
    case (.connectRequested, nil): connections[id] = .requested(event.time)
    case (.connectionOpened, .requested): connections[id] = .opened
    case (.connectionClosed, .opened): connections[id] = .over
    case (.connectionFailed, .requested(let since)):
      connections[id] = .over
      let waited = event.time - since
      try promise(
        event.code != .deviceTimeout || waited >= .seconds(60), "clock", at: now,
        "\(event.summary) after \(waited)")
    case (.closeRequested, .requested), (.closeRequested, .opened):
      try promise(
        closeRequested.insert(id).inserted, "CS-6", at: now, "\(event.summary) again")
    default:
      throw BrokenPromise("one reason", at: now, "\(event.summary) is out of turn")
    }
    let isEnd = event.kind == .connectionClosed || event.kind == .connectionFailed
    try promise(
      !isEnd || event.reason != nil, "one reason", at: now, "\(event.summary) has none")
  }
}
