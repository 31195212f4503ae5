import Control

extension Table<ISAKMPPolicyRecord> {
  /// What a policy demands; the Message Back-off comes before its numbers, as the specification
  /// orders them.
  static var isakmpPolicies: Table {
    Table(
      "no ISAKMP policies",
      [
        Column("NAME") { $0.name },
        Column("PEER") { $0.peer },
        Column("MODE") { $0.mode },
        Column("PROPOSALS") { $0.proposals.joined(separator: ",") },
        Column("MESSAGE BACK-OFF") { $0.messageBackoff.rawValue },
        Column(number: "TIMEOUT") { Show.time($0.msgTimeoutSeconds) },
        Column(number: "LIMIT") { "\($0.msgRetryLimit)" },
        Column(number: "RETRIES") {
          $0.retriesContinuous ? "continuous" : $0.retryIkeAttempts.map(String.init) ?? ""
        },
        Column("DPD") {
          $0.dpdIntervalSeconds == 0
            ? "off" : "\(Show.time($0.dpdIntervalSeconds))/\(Show.time($0.dpdTimeoutSeconds))"
        },
        Column("NAT-T") { $0.natTraversal },
        Column("LIFETIME") { Show.time($0.lifetimeSeconds) },
        Column("LIFETIME BYTES", detail: true) { Show.bytes($0.lifetimeBytes) },
        Column("AUTHENTICATION", detail: true) { $0.authentication },
        Column("NAT KEEPALIVE", detail: true) { Show.timeout($0.natKeepaliveSeconds) },
        Column("SEND NOTIFY", detail: true) { Show.mark($0.sendNotify) },
        Column("SEND DELETES", detail: true) { Show.mark($0.sendDeletes) },
        Column(number: "PHASE 2 EXCHANGES", detail: true) { "\($0.phase2ExchangeLimit)" },
      ])
  }
}

extension Table<ISAKMPExchangeRecord> {
  /// Why a negotiation takes long: what it waits for, how often it has asked, when it asks again.
  static var isakmpExchanges: Table {
    Table(
      "no ISAKMP exchanges under way",
      [
        Column(number: "ID") { "\($0.id)" },
        Column("PEER") { Show.peer($0.endpoints) },
        Column("PHASE") { "\($0.phase)" },
        Column("MODE") { $0.mode.rawValue },
        Column("ROLE") { $0.role.rawValue },
        Column("STATE") { $0.state },
        Column("MESSAGE BACK-OFF") { $0.retransmission.messageBackoff.rawValue },
        Column("SENT") { $0.retransmission.sent },
        Column("NEXT") { Show.time($0.retransmission.nextRetransmissionInSeconds) },
        Column("RETRY") { $0.retransmission.retries },
        Column("AGE") { Show.time($0.ageSeconds) },
        Column("LAST ERROR") { $0.lastError ?? "" },
        Column("NEXT RETRY", detail: true) { Show.time($0.retransmission.nextRetryInSeconds) },
        Column("LOCAL", detail: true) { Show.local($0.endpoints) },
        Column("NAT", detail: true) { $0.endpoints.natState.rawValue },
        Column("POLICY", detail: true) { $0.policy },
        Column("INITIATOR COOKIE", detail: true) { $0.initiatorCookie },
        Column("RESPONDER COOKIE", detail: true) { $0.responderCookie },
        Column("MESSAGE ID", detail: true) { $0.messageID },
      ])
  }
}

extension Table<ISAKMPSARecord> {
  /// Closed SAs stay in the table with their reason until their destruct timeout.
  static var isakmpSAs: Table {
    Table(
      "no ISAKMP security associations",
      [
        Column(number: "ID") { "\($0.id)" },
        Column("PEER") { Show.peer($0.endpoints) },
        Column("ROLE") { $0.role.rawValue },
        Column("STATE") { $0.state.rawValue },
        Column("ALGORITHMS") {
          [$0.encryption, $0.hash, $0.group].compactMap(\.self).joined(separator: "-")
        },
        Column("NAT") { $0.endpoints.natState.rawValue },
        Column("MESSAGE BACK-OFF") { $0.retransmission.messageBackoff.rawValue },
        Column("AGE") { Show.time($0.ageSeconds) },
        Column("LEFT") { Show.time($0.lifetimeRemainingSeconds) },
        Column("DPD") { $0.dpdState.rawValue },
        Column(number: "PHASE 2") { "\($0.phase2SAs)" },
        Column("SPENT") { Show.mark($0.spent) },
        Column("CLOSED") { $0.closing?.closeReason.rawValue ?? "" },
      ] + details + Self.closing(\.closing))
  }

  private static var details: [Column] {
    [
      Column("CONNECTION", detail: true) { "\($0.connection)" },
      Column("LOCAL", detail: true) { Show.local($0.endpoints) },
      Column("POLICY", detail: true) { $0.policy },
      Column("MODE", detail: true) { $0.mode.rawValue },
      Column("AUTHENTICATION", detail: true) { $0.authentication },
      Column("PEER IDENTITY", detail: true) { $0.peerIdentity ?? "" },
      Column("INITIATOR COOKIE", detail: true) { $0.initiatorCookie },
      Column("RESPONDER COOKIE", detail: true) { $0.responderCookie },
      Column("BYTES LEFT", detail: true) { Show.bytes($0.lifetimeRemainingBytes) },
      Column("RETRANSMISSIONS", detail: true) { $0.retransmission.sent },
      Column("NEXT RETRANSMISSION", detail: true) {
        Show.time($0.retransmission.nextRetransmissionInSeconds)
      },
      Column("RETRY ATTEMPTS", detail: true) { $0.retransmission.retries },
      Column("NEXT RETRY", detail: true) { Show.time($0.retransmission.nextRetryInSeconds) },
      Column("DPD NEXT", detail: true) { Show.time($0.dpdNextInSeconds) },
      Column("LAST ERROR", detail: true) { $0.lastError ?? "" },
    ]
  }
}

extension Table<Counter> {
  /// Counters that are zero are there too, so that a script finds what it looks for.
  static var counters: Table {
    Table(
      "nothing was counted",
      [Column("NAME") { $0.name }, Column(number: "VALUE") { "\($0.value)" }])
  }
}

extension Retransmission {
  /// Retransmissions sent of those allowed.
  fileprivate var sent: String { Show.share(retransmissionsSent, of: retransmissionsLimit) }

  /// Negotiation retries begun of those allowed.
  fileprivate var retries: String { Show.share(retryAttempt, of: retryLimit) }
}
