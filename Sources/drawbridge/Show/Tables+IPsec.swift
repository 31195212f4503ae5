import Control

extension Table<IPsecSARecord> {
  /// One line a pair. `SPENT` means that no tunnel may ride on it again (LT-8, LT-9), `DISCONNECT
  /// IN` counts down to the signal of LT-3.
  static var ipsecSAs: Table {
    Table(
      "no IPsec security associations",
      [
        Column(number: "ID") { "\($0.id)" },
        Column("PEER") { Show.peer($0.endpoints) },
        Column("SPI IN") { $0.inboundSPI },
        Column("SPI OUT") { $0.outboundSPI },
        Column("STATE") { $0.state.rawValue },
        Column("OVER") { $0.encapsulation.rawValue },
        Column("ALGORITHMS") {
          [$0.encryption, $0.integrity].compactMap(\.self).joined(separator: "-")
        },
        Column("LEFT") { Show.time($0.lifetimeRemainingSeconds) },
        Column(number: "IN") { Show.bytes($0.bytesIn) },
        Column(number: "OUT") { Show.bytes($0.bytesOut) },
        Column("SPENT") { Show.mark($0.spent) },
        Column("DISCONNECT IN") { Show.time($0.disconnectInSeconds) },
        Column("CLOSED") { $0.closing?.closeReason.rawValue ?? "" },
      ] + details + Self.closing(\.closing))
  }

  private static var details: [Column] {
    [
      Column("CONNECTION", detail: true) { "\($0.connection)" },
      Column("LOCAL", detail: true) { Show.local($0.endpoints) },
      Column("NAT", detail: true) { $0.endpoints.natState.rawValue },
      Column("ROLE", detail: true) { $0.role.rawValue },
      Column("POLICY", detail: true) { $0.policy },
      Column("SELECTORS", detail: true) { $0.selectors },
      Column("PFS", detail: true) { $0.pfsGroup ?? "" },
      Column("AGE", detail: true) { Show.time($0.ageSeconds) },
      Column("BYTES LEFT", detail: true) { Show.bytes($0.lifetimeRemainingBytes) },
      Column("PACKETS LEFT", detail: true) { $0.sequenceNumbersRemaining.map(String.init) ?? "" },
      Column("REPLAY WINDOW", detail: true) { "\($0.replayWindowPackets)" },
      Column("PACKETS IN", detail: true) { "\($0.packetsIn)" },
      Column("PACKETS OUT", detail: true) { "\($0.packetsOut)" },
      Column("REPLAYS DROPPED", detail: true) { "\($0.replaysDropped)" },
      Column("INTEGRITY FAILURES", detail: true) { "\($0.integrityFailures)" },
      Column("SELECTOR VIOLATIONS", detail: true) { "\($0.selectorViolations)" },
    ]
  }
}

extension Table {
  /// The fields of a closed record.
  static func closing(_ closing: @escaping (Record) -> Closing?) -> [Column] {
    [
      Column("CLOSED AGO", detail: true) { Show.time(closing($0)?.closedSecondsAgo) },
      Column("DESTRUCT IN", detail: true) {
        Show.time(closing($0)?.destructTimeoutRemainingSeconds)
      },
    ]
  }
}
