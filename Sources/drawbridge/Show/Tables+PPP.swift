import Control

extension Table<PPPRecord> {
  /// `MTU` is what a user's packet may have; `MRU` and `PEER MRU` are what was negotiated.
  static var pppLinks: Table {
    Table(
      "no PPP links",
      [
        Column(number: "SESSION") { "\($0.session)" },
        Column("USER") { $0.user ?? "" },
        Column("ROLE") { $0.role.rawValue },
        Column("LCP") { $0.lcpState },
        Column("AUTHENTICATION") { $0.authentication ?? "" },
        Column("PASSED") { Show.mark($0.authenticated) },
        Column("IPCP") { $0.ipcpState },
        Column("LOCAL") { $0.localAddress ?? "" },
        Column("PEER") { $0.peerAddress ?? "" },
        Column(number: "MRU") { "\($0.mruBytes)" },
        Column(number: "PEER MRU") { "\($0.peerMRUBytes)" },
        Column(number: "MTU") { "\($0.effectiveMTUBytes)" },
        Column("ECHO") { $0.echoState },
        Column("DNS", detail: true) { $0.dns.joined(separator: ", ") },
        Column("ECHOES UNANSWERED", detail: true) { "\($0.echoesUnanswered)" },
        Column("NEXT ECHO", detail: true) { Show.time($0.nextEchoInSeconds) },
        Column("LAST ERROR", detail: true) { $0.lastError ?? "" },
      ])
  }
}
