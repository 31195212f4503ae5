import Agent
import ConnectionService
import Primitives

/// The device's history as its file has it: what is appended survives the process.
struct HistoryFile {
  /// Lines that are kept (CS-15).
  static let linesMax = 2_000
  static let closedConnectionsMax = 1_024

  private(set) var lines: [HistoryEvent] = []
  private(set) var sequence: UInt64 = 0
  private(set) var openTunnel: TunnelID?
  private var open: [Remainder.OpenConnection] = []
  private var closed: [ConnectionID] = []
  /// Which history it is, and what the broker has of it.
  var mark: HistoryMark

  init(id: HistoryID) { mark = HistoryMark(id: id) }

  /// Appends in one transaction.
  mutating func append(_ events: [HistoryEvent]) {
    for event in events {
      lines.append(event)
      sequence = event.sequence
      keepBooks(event)
    }
    lines.removeFirst(max(0, lines.count - Self.linesMax))
    closed.removeFirst(max(0, closed.count - Self.closedConnectionsMax))
  }

  /// Lines after a sequence, in order.
  func lines(after sequence: UInt64, limit: Int) -> [HistoryEvent] {
    let first = lines.firstIndex { $0.sequence > sequence } ?? lines.endIndex
    return Array(lines[first...].prefix(limit))
  }

  /// What a process that is gone left open (CS-14).
  var remainder: Remainder {
    Remainder(
      historyMark: mark, historySequence: sequence, openTunnel: openTunnel, openConnections: open,
      closedConnections: closed)
  }

  private mutating func keepBooks(_ event: HistoryEvent) {
    switch event.kind {
    case .agentStarted, .establishmentFailed: break
    case .tunnelEstablished: openTunnel = event.tunnel
    case .tunnelClosed, .unexpectedClose: openTunnel = nil
    case .connectionOpened:
      guard let id = event.connection else { return }
      open.append(
        Remainder.OpenConnection(id: id, organisation: event.organisation, user: event.user))
    case .connectionClosed, .connectRefused:
      guard let id = event.connection else { return }
      open.removeAll { $0.id == id }
      let isUsedUp =
        event.kind == .connectionClosed || event.refusal == .establishmentFailed
        || event.refusal == .connectionClosed
      if isUsedUp, !closed.contains(id) { closed.append(id) }
    }
  }
}
