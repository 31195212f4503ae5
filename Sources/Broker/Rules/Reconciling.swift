import ConnectionService
import Primitives

extension DeviceLedger {
  /// Makes the books agree with what the device has, which is the truth (CS-24).
  /// - Parameter moreHistoryFollows: nothing is taken for lost before the device has told why.
  mutating func take(_ state: DeviceState, moreHistoryFollows: Bool) throws(Refusal) {
    if let number = state.number, let known = device.state?.number, number <= known {
      // Held up on its way: a later one is here already.
      return
    }
    let present = Set(state.connections)
    device.state = state.normalised(present.sorted())
    for record in live {
      try reconcile(
        record, isPresent: present.contains(record.view.id), moreHistoryFollows: moreHistoryFollows)
    }
    for id in present.sorted() where connection(id) == nil { try disown(id) }
  }

  private mutating func reconcile(
    _ record: ConnectionRecord, isPresent: Bool, moreHistoryFollows: Bool
  ) throws(Refusal) {
    let id = record.view.id
    switch record.view.phase {
    case .up where !isPresent && !moreHistoryFollows:
      try end(id, reason: nil, actor: "device")
    case .closing where isPresent:
      try queueClose(id, reason: record.view.reason ?? .requested)
    case .closing where record.view.upAt != nil:
      try end(id, reason: nil, actor: "device")
    case .requested, .up, .closing, .closed:
      // What waits for the tunnel is not in the state; the answer tells of it.
      return
    }
  }

  /// The device has a connection that is closed here, or was never known.
  private func disown(_ id: ConnectionID) throws(Refusal) {
    let record = try work.rows.connection(id)
    let isOwn = record?.view.productID == product
    try queueClose(id, reason: isOwn ? record?.view.reason ?? .brokerLost : .brokerLost)
  }
}

extension DeviceState {
  /// Fit to be stored and shown, whatever the device has said.
  fileprivate func normalised(_ connections: [ConnectionID]) -> DeviceState {
    var state = self
    state.connections = connections
    state.number = number.map { min($0, UInt64(Int64.max)) }
    guard var tunnel, IPAddress(tunnel.vpnAddress) != nil else {
      state.tunnel = nil
      return state
    }
    let range = InactivityTimeout.secondsRange
    tunnel.inactivitySeconds =
      min(max(tunnel.inactivitySeconds, range.lowerBound), range.upperBound)
    tunnel.inactivityLeftSeconds = min(max(tunnel.inactivityLeftSeconds, 0), range.upperBound)
    tunnel.receivedBytes = min(tunnel.receivedBytes, UInt64(Int64.max))
    tunnel.sentBytes = min(tunnel.sentBytes, UInt64(Int64.max))
    state.tunnel = tunnel
    return state
  }
}
