import ConnectionService
import Primitives

/// What a relay asks of the carrier's broker (CS-23).
public enum RelayErrand: Hashable, Sendable {
  /// Under the connection's own id as the key, so that asking again makes no second one.
  case connect(order: ConnectOrder)
  /// `connection` as we call it, `carrier` as the carrier does.
  case close(connection: ConnectionID, carrier: ConnectionID)
  /// On behalf of one command.
  case closeAll(command: UInt64)
}

/// Where an errand stands: it is carried out once at a time, and not before its time.
struct ErrandState: Hashable, Sendable {
  /// Commands that it answers.
  var commands: [UInt64]
  var isUnderWay = false
  var dueAt: Instant

  init(_ command: UInt64, at now: Instant) {
    commands = [command]
    dueAt = now
  }

  func isDue(at now: Instant) -> Bool { !isUnderWay && dueAt <= now }

  mutating func postpone(_ pause: Duration, at now: Instant) {
    isUnderWay = false
    dueAt = now + pause
  }
}

/// One of our connections, as the carrier has it.
struct RelayClaim: Hashable, Sendable {
  let carrierID: ConnectionID
  /// It stands at the carrier, and has not been told over.
  var isUp: Bool
}
