import ConnectionService
import Primitives

// What the broker, and people at the device, ask for.
extension ConnectionAgent {
  /// The broker commands; every command is answered exactly once by what follows, and again from
  /// memory when it is sent again.
  public mutating func receive(
    _ command: DeviceCommand, at now: Instant, time: Timestamp,
    using random: inout some RandomNumberGenerator
  ) {
    guard command.epoch == epoch else {
      refuseOutdated(command, time: time)
      return
    }
    if let answer = formerAnswer(to: command.id) {
      append(.answer(answer))
      return
    }
    switch command.action {
    case .connect(let order):
      connect(order, command: command.id, at: now, time: time, using: &random)
    case .close(let connection, let reason):
      let isOnLedger = remove(connection, reason, at: now, time: time)
      // A connect that this close has overtaken must not stand afterwards.
      if !isOnLedger, closed[connection] == nil { closed.set(reason, for: connection) }
      answer(command.id, .closed)
    case .closeAll(let reason):
      closeAll(reason, at: now, time: time)
      answer(command.id, .closed)
    }
  }

  /// Somebody at the device closes one connection; the last one takes the tunnel along (CS-6).
  ///
  /// - Throws: `connectionClosed` and `connectionUnknown`; nothing else is touched (CS-8).
  public mutating func close(
    _ connection: ConnectionID, _ reason: CloseReason, at now: Instant, time: Timestamp
  ) throws(Refusal) {
    guard !remove(connection, reason, at: now, time: time) else { return }
    throw closed[connection].map { .connectionClosed(connection, $0) }
      ?? .connectionUnknown(connection)
  }

  /// Closes all connections, turns down those that wait, and closes the tunnel (CS-7).
  public mutating func closeAll(_ reason: CloseReason, at now: Instant, time: Timestamp) {
    switch phase {
    case .down, .closing: return
    case .establishing(let establishment):
      giveUp(establishment, reason, at: now, time: time) { .connectionClosed($0, reason) }
    case .up(let tunnel):
      end(tunnel, .tunnelClosed, reason, at: now, time: time)
      beginClosing(reason, at: now)
    }
  }

  private mutating func connect(
    _ order: ConnectOrder, command: UInt64, at now: Instant, time: Timestamp,
    using random: inout some RandomNumberGenerator
  ) {
    let waiting = WaitingConnect(order, command: command)
    if let reason = closed[order.connection] {
      refuse(waiting, .connectionClosed(order.connection, reason), time: time)
      return
    }
    switch phase {
    case .down:
      let tunnel = TunnelID(using: &random)
      let inactivity = InactivityTimeout(requestedSeconds: order.parameters.inactivitySeconds)
      phase = .establishing(
        Establishment(
          tunnel: tunnel, inactivity: inactivity, until: now + Self.establishmentMax,
          credentialsOf: order.parameters.credentials.areGiven ? order.connection : nil,
          waiting: [waiting]))
      append(.dial(order.parameters, inactivity, tunnel))
      append(.stateChanged)
    case .establishing(var establishment):
      guard !establishment.waiting.contains(where: { $0.command == command }) else { return }
      guard !establishment.waiting.contains(where: { $0.connection == order.connection }) else {
        refuse(waiting, .connectionAskedTwice(order.connection), time: time)
        return
      }
      guard establishment.waiting.count < Self.connectionsMax else {
        refuse(waiting, .connectionLimit, time: time)
        return
      }
      establishment.waiting.append(waiting)
      phase = .establishing(establishment)
    case .up(var tunnel):
      if !tunnel.connections.contains(where: { $0.id == order.connection }) {
        guard tunnel.connections.count < Self.connectionsMax else {
          refuse(waiting, .connectionLimit, time: time)
          return
        }
        open(waiting, on: &tunnel, at: now, time: time)
        phase = .up(tunnel)
        append(.stateChanged)
      }
      answer(command, .connected(facts: tunnel.facts(of: order.connection)))
    case .closing:
      refuse(waiting, .tunnelClosing, time: time)
    }
  }

  /// Takes a connection off the ledger, in whatever phase; `false` for one that is not on it.
  private mutating func remove(
    _ connection: ConnectionID, _ reason: CloseReason, at now: Instant, time: Timestamp
  ) -> Bool {
    switch phase {
    case .down, .closing: return false
    case .establishing(var establishment):
      guard let index = establishment.waiting.firstIndex(where: { $0.connection == connection })
      else { return false }
      guard establishment.waiting.count > 1 else {
        giveUp(establishment, .lastConnectionClosed, at: now, time: time) {
          .connectionClosed($0, reason)
        }
        return true
      }
      let waiting = establishment.waiting.remove(at: index)
      phase = .establishing(establishment)
      turnDown(waiting, .connectionClosed(connection, reason), reason, time: time)
      return true
    case .up(var tunnel):
      guard let index = tunnel.connections.firstIndex(where: { $0.id == connection }) else {
        return false
      }
      close(tunnel.connections.remove(at: index), of: tunnel.id, reason, at: now, time: time)
      guard tunnel.connections.isEmpty else {
        phase = .up(tunnel)
        append(.stateChanged)
        return true
      }
      end(tunnel, .tunnelClosed, .lastConnectionClosed, at: now, time: time)
      beginClosing(.lastConnectionClosed, at: now)
      return true
    }
  }

  /// A stale broker's words (CS-21); not remembered, for the present one may send the same command.
  private mutating func refuseOutdated(_ command: DeviceCommand, time: Timestamp) {
    if case .connect(let order) = command.action {
      recordRefusal(WaitingConnect(order, command: command.id), .epochOutdated, nil, time: time)
    }
    append(
      .answer(DeviceAnswer(command: command.id, outcome: .refused(refusal: .epochOutdated))))
  }

  private mutating func refuse(_ waiting: WaitingConnect, _ refusal: Refusal, time: Timestamp) {
    recordRefusal(waiting, refusal, refusal.reason, time: time)
    answer(waiting.command, .refused(refusal: refusal))
  }
}

extension VPNParameters.Credentials {
  fileprivate var areGiven: Bool {
    switch self {
    case .named: false
    case .given: true
    }
  }
}
