import Control

extension Table<L2TPDestinationRecord> {
  /// A destination is a remote address; it lives as long as a tunnel or a record of one.
  static var l2tpDestinations: Table {
    Table(
      "no L2TP destinations",
      [
        Column(number: "ID") { "\($0.id)" },
        Column("ADDRESS") { $0.remoteAddress },
        Column("PROFILE") { $0.profile },
        Column("STATE") { $0.state.rawValue },
        Column(number: "TUNNELS") { "\($0.tunnels)" },
        Column(number: "SESSIONS") { Show.share($0.sessions, of: $0.sessionsLimit) },
        Column("LOCKOUT") { Show.time($0.lockoutRemainingSeconds) },
        Column("CLOSED") { $0.closing?.closeReason.rawValue ?? "" },
        Column("DESTRUCT IN") { Show.time($0.closing?.destructTimeoutRemainingSeconds) },
        Column("AGE", detail: true) { Show.time($0.ageSeconds) },
        Column("CLOSED AGO", detail: true) { Show.time($0.closing?.closedSecondsAgo) },
      ])
  }
}

extension Table<L2TPTunnelRecord> {
  /// `IDLE LEFT` runs only while there is no session (LT-1), `DESTRUCT IN` only once it is closed
  /// (LT-2).
  static var l2tpTunnels: Table {
    Table(
      "no L2TP tunnels",
      [
        Column(number: "ID") { "\($0.id)" },
        Column("PEER") { Show.peer($0.endpoints) },
        Column("HOST NAME") { $0.remoteHostName ?? "" },
        Column("ROLE") { $0.role.rawValue },
        Column("STATE") { $0.state.rawValue },
        Column(number: "SESSIONS") { Show.share($0.sessions, of: $0.sessionsLimit) },
        Column("SINGLE-SHOT") { Show.mark($0.singleShot) },
        Column("SPENT") { Show.mark($0.spent) },
        Column("IDLE TIMEOUT") { Show.timeout($0.idleTimeoutSeconds) },
        Column("IDLE LEFT") { Show.time($0.idleTimeoutRemainingSeconds) },
        Column("CLOSED") { $0.closing?.closeReason.rawValue ?? "" },
        Column("DESTRUCT IN") { Show.time($0.closing?.destructTimeoutRemainingSeconds) },
      ] + details)
  }

  private static var details: [Column] {
    [
      Column("DESTINATION", detail: true) { "\($0.destination)" },
      Column("REMOTE HOST", detail: true) { $0.remoteHost ?? "" },
      Column("LOCAL", detail: true) { Show.local($0.endpoints) },
      Column("LOCAL TUNNEL ID", detail: true) { "\($0.localTunnelID)" },
      Column("REMOTE TUNNEL ID", detail: true) { "\($0.remoteTunnelID)" },
      Column("IPSEC TRANSPORT", detail: true) { Show.mark($0.ipsecTransport) },
      Column("CONNECTION", detail: true) { $0.connection.map(String.init) ?? "" },
      Column("SESSIONS IN LIFE", detail: true) { "\($0.sessionsInLife)" },
      Column("AGE", detail: true) { Show.time($0.ageSeconds) },
      Column("DESTRUCT TIMEOUT", detail: true) { Show.time($0.destructTimeoutSeconds) },
      Column("HELLO IN", detail: true) { Show.time($0.helloInSeconds) },
      Column("RETRANSMISSIONS", detail: true) {
        Show.share($0.retransmissionsSent, of: $0.retransmissionsLimit)
      },
      Column("NEXT RETRANSMISSION", detail: true) { Show.time($0.nextRetransmissionInSeconds) },
      Column("CLOSED AGO", detail: true) { Show.time($0.closing?.closedSecondsAgo) },
      Column("LAST ERROR", detail: true) { $0.lastError ?? "" },
    ]
  }
}

extension Table<L2TPSessionRecord> {
  /// Whose session it is, what it carried, and what will end it.
  static var l2tpSessions: Table {
    Table(
      "no L2TP sessions",
      [
        Column(number: "ID") { "\($0.id)" },
        Column(number: "TUNNEL") { "\($0.tunnel)" },
        Column("USER") { $0.user ?? "" },
        Column("ADDRESS") { $0.address ?? "" },
        Column("STATE") { $0.state.rawValue },
        Column("AGE") { Show.time($0.ageSeconds) },
        Column("INACTIVITY LEFT") { Show.time($0.inactivityRemainingSeconds) },
        Column(number: "IN") { Show.bytes($0.bytesIn) },
        Column(number: "OUT") { Show.bytes($0.bytesOut) },
        Column("SPENT") { Show.mark($0.spent) },
        Column("CLOSED") { $0.closing?.closeReason.rawValue ?? "" },
        Column("DESTRUCT IN") { Show.time($0.closing?.destructTimeoutRemainingSeconds) },
        Column("LOCAL SESSION ID", detail: true) { "\($0.localSessionID)" },
        Column("REMOTE SESSION ID", detail: true) { "\($0.remoteSessionID)" },
        Column("USER ACTIVITY AGO", detail: true) { Show.time($0.sinceUserActivitySeconds) },
        Column("PACKETS IN", detail: true) { "\($0.packetsIn)" },
        Column("PACKETS OUT", detail: true) { "\($0.packetsOut)" },
        Column("CLOSED AGO", detail: true) { Show.time($0.closing?.closedSecondsAgo) },
      ])
  }
}
