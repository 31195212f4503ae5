import ConnectionService
import Primitives

// What the carrier's broker tells of the device.
extension RelayLedger {
  /// The carrier's books; the events of the time in which they were read are to follow.
  ///
  /// - Parameters:
  ///   - connections: the device's live ones, whoever has them.
  ///   - first: the first event of the device in the carrier's record; `nil` when there is none.
  ///   - acknowledged: what our broker has of it.
  ///   - head: the carrier's last event before they were read.
  /// - Returns: the sequence after which the carrier's events are to be read.
  public mutating func begin(
    _ device: DeviceView, connections: [ConnectionView], first: ServiceEvent?,
    acknowledged: HistoryCounts, head: UInt64
  ) -> UInt64 {
    isOnline = device.online
    isReportDue = true
    name(first)
    lastLine = max(history.last?.sequence ?? 0, acknowledged[historyID])
    // The same record, as our broker had it before the record had a name.
    let isFormer = acknowledged.named.isEmpty && acknowledged.unnamed <= head
    let known = lastLine == 0 && isFormer ? acknowledged.unnamed : lastLine
    if known == 0 || known < offset || known - offset > head {
      // A device that is new here begins with what happens next; so does a carrier that counts anew.
      restart(from: known, at: head)
    } else {
      position = known - offset
    }
    for view in connections { learn(view) }
    take(device)
    return position
  }

  /// Lines of another record are none of this one's.
  private mutating func name(_ first: ServiceEvent?) {
    let id = first.flatMap { HistoryID(recordThatBeginsWith: $0) }
    guard id != historyID else { return }
    historyID = id
    history = []
    offset = 0
  }

  /// The carrier had nothing of the device before.
  private mutating func begin(_ first: ServiceEvent) {
    name(first)
    lastLine = 0
  }

  /// Nothing before `head` is told.
  private mutating func restart(from known: UInt64, at head: UInt64) {
    offset = known > head ? known - head : 0
    position = head
    for id in claims.keys.sorted() { forget(id) }
    tunnel = nil
    step(to: head + offset)
  }

  /// Brings our broker to a sequence that is far ahead, in steps that it takes: lines that mean
  /// nothing to it.
  private mutating func step(to sequence: UInt64) {
    while lastLine < sequence {
      append(.agentStarted, min(lastLine + Limits.historyGapMax, sequence))
    }
  }

  /// A connection of the carrier's, found by its id or in a list.
  public mutating func learn(_ view: ConnectionView) {
    guard view.productID == product, view.user == user,
      let note = view.note.flatMap({ RelayNote($0) }), view.phase != .closed
    else { return }
    adopt(note.connection, as: view.id, isUp: view.upAt != nil)
  }

  /// One that ended while nobody listened; its event is still to be taken.
  public mutating func learnEnded(_ view: ConnectionView) {
    guard view.productID == product, view.user == user, owners[view.id] == nil,
      let note = view.note.flatMap({ RelayNote($0) }), claims[note.connection] == nil
    else { return }
    adopt(note.connection, as: view.id, isUp: view.upAt != nil)
  }

  /// The connection whose end `event` tells, where this ledger does not know whose it was.
  public func unknownConnection(in event: ServiceEvent) -> ConnectionID? {
    guard event.product == product, event.sequence > position, event.kind == .connectionClosed,
      let id = event.connection, owners[id] == nil
    else { return nil }
    return id
  }

  /// Times and numbers of the device's tunnel.
  public mutating func take(_ device: DeviceView) {
    guard device.tunnel != tunnel, device.tunnel == nil || device.tunnel?.id != endedTunnel else {
      return
    }
    tunnel = device.tunnel
    isReportDue = true
  }

  /// The next event of the carrier's; those of other devices only move the position.
  public mutating func receive(_ event: ServiceEvent) {
    guard event.sequence > position else { return }
    position = event.sequence
    guard event.product == product else { return }
    if historyID == nil { begin(event) }
    switch event.kind {
    case .deviceAttached: isOnline = true
    case .deviceDetached, .deviceRemoved: isOnline = false
    case .connectRequested:
      guard event.actor == user.text, let carrierID = event.connection,
        let note = event.note.flatMap({ RelayNote($0) })
      else { return }
      adopt(note.connection, as: carrierID, isUp: false)
    case .connectionOpened:
      guard let id = event.connection.flatMap({ owners[$0] }) else { return }
      claims[id]?.isUp = true
      isReportDue = true
    case .connectionFailed:
      guard let id = event.connection.flatMap({ owners[$0] }) else { return }
      forget(id)
    case .connectionClosed:
      guard let id = event.connection.flatMap({ owners[$0] }) else { return }
      record(.connectionClosed, event) { $0.connection = id }
      if ended.count == Self.endedMax { ended.removeFirst() }
      if let carrierID = event.connection { ended.append(carrierID) }
      forget(id)
    case .tunnelOpened: record(.tunnelEstablished, event)
    case .tunnelClosed: endTunnel(.tunnelClosed, event)
    case .tunnelUnexpectedClose: endTunnel(.unexpectedClose, event)
    case .deviceEnrolled, .closeRequested, .requestRefused, .tokenCreated, .tokenRevoked,
      .enrolmentCreated, .gatewayAttached, .gatewayDetached, .configurationChanged,
      .webhookAdded, .webhookRemoved:
      return
    }
  }

  /// Exactly one line for each tunnel of the carrier's, with the carrier's reason (CS-13).
  private mutating func endTunnel(_ kind: HistoryEvent.Kind, _ event: ServiceEvent) {
    if event.tunnel == tunnel?.id { tunnel = nil }
    endedTunnel = event.tunnel
    record(kind, event)
  }

  private mutating func record(
    _ kind: HistoryEvent.Kind, _ event: ServiceEvent,
    _ fill: (inout HistoryEvent) -> Void = { _ in }
  ) {
    let sequence = event.sequence + offset
    if sequence - lastLine > Limits.historyGapMax { step(to: sequence - 1) }
    append(kind, sequence) {
      $0.time = event.time
      $0.tunnel = event.tunnel
      $0.reason = event.reason
      $0.lastedSeconds = event.durationSeconds
      $0.bytes = event.bytes
      fill(&$0)
    }
  }

  private mutating func append(
    _ kind: HistoryEvent.Kind, _ sequence: UInt64, _ fill: (inout HistoryEvent) -> Void = { _ in }
  ) {
    var line = HistoryEvent(sequence: sequence, time: Timestamp(milliseconds: 0), kind: kind)
    fill(&line)
    history.append(line)
    lastLine = sequence
  }
}
