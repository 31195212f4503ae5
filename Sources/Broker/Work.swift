import ConnectionService

/// One transaction of a broker: the rows, the time, and the events that it ends with.
///
/// Events are appended last, so that the lock on the end of the chain is held as short as possible
/// and always taken after a device's.
final class Work {
  let rows: any StoreTransaction
  let now: Timestamp
  let broker: Name
  let policy: BrokerPolicy
  private var events: [ServiceEvent] = []

  init(rows: any StoreTransaction, now: Timestamp, broker: Name, policy: BrokerPolicy) {
    self.rows = rows
    self.now = now
    self.broker = broker
    self.policy = policy
  }

  /// Puts `event` behind those recorded before.
  func record(_ event: ServiceEvent) {
    var event = event
    event.time = now
    events.append(event)
  }

  /// Gives the recorded events their places in the chain.
  func appendEvents() throws(Refusal) {
    guard !events.isEmpty else { return }
    var head = try rows.lockEventHead()
    for event in events {
      let sealed = EventChain.seal(event, after: head)
      try rows.append(sealed)
      head = EventHead(sequence: sealed.sequence, hash: sealed.hash)
    }
    events = []
  }
}
