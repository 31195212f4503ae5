import ConnectionService
import Primitives

// What planted faults make of what is right.
extension ServiceWorld {
  func doctor(_ records: [HistoryEvent]) -> [HistoryEvent] {
    switch fault {
    case .hidesUnexpectedClose:
      return records.map { record in
        guard record.kind == .unexpectedClose else { return record }
        var doctored = HistoryEvent(
          sequence: record.sequence, time: record.time, kind: .tunnelClosed)
        doctored.tunnel = record.tunnel
        doctored.reason = record.reason
        return doctored
      }
    case .repeatsUnexpectedClose:
      return records.flatMap { record in
        var again = record
        again.sequence += 1
        return record.kind == .unexpectedClose ? [record, again] : [record]
      }
    default: return records
    }
  }

  func doctor(_ event: ServiceEvent) -> ServiceEvent {
    var event = event
    switch fault {
    case .changesEvent where event.kind == .connectionOpened: event.actor = "nobody"
    case .tellsSecrets where event.kind == .connectRequested:
      event.note = SecretChecker.credentialMark
    default: break
    }
    return event
  }
}
