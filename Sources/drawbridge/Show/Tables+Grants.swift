import Control

extension Table<GrantRecord> {
  /// One line a connection; `WHY NOT` says what keeps packets from passing.
  static var grants: Table {
    Table(
      "no grants",
      [
        Column("CONNECTION") { $0.connection },
        Column("OPERATOR") { $0.operatorUser },
        Column("DEVICE") { $0.deviceUser },
        Column("DEVICE ADDRESS") { $0.deviceAddress },
        Column("OPERATOR SESSIONS") {
          $0.operatorSessions.map(String.init).joined(separator: ", ")
        },
        Column(number: "DEVICE SESSION") { $0.deviceSession.map(String.init) ?? "" },
        Column("AGE") { Show.time($0.ageSeconds) },
        Column("FORWARDING") { Show.mark($0.forwarding) },
        Column("WHY NOT") { $0.obstacle?.rawValue ?? "" },
      ])
  }
}

extension Show {
  /// The stream of grants in a line, e.g. `https://broker:8443 attached for 3m, last change 5s ago`.
  static func stream(_ stream: GrantStreamRecord) -> String {
    var parts = ["\(stream.broker) \(stream.state.rawValue) for \(time(stream.stateSeconds))"]
    if let retry = stream.retryInSeconds { parts.append("next attempt in \(time(retry))") }
    parts.append(
      stream.lastChangeSecondsAgo.map { "last change \(time($0)) ago" } ?? "no change yet")
    if stream.grantsRefused > 0 { parts.append("\(stream.grantsRefused) grants refused") }
    if let error = stream.lastError, stream.state != .attached { parts.append(error) }
    return parts.joined(separator: ", ")
  }
}
