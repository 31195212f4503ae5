import ConnectionService

extension Table<DeviceView> {
  static var devices: Table {
    Table(
      "no devices: announce one with `drawbridge device enrol PRODUCT-ID`",
      [
        Column("PRODUCT") { $0.productID.text },
        Column("NAME") { $0.name == $0.productID.text ? "" : $0.name },
        Column("ONLINE") { Show.mark($0.online) },
        Column("TUNNEL") { $0.phase?.rawValue ?? "" },
        Column(number: "USERS") { Show.share($0.connections, of: $0.connectionsMax) },
        Column("VPN ADDRESS") { $0.tunnel?.vpnAddress ?? "" },
        Column(number: "TIME LEFT") { device in
          Show.time(device.tunnel.map { Double($0.inactivityLeftSeconds) })
        },
        Column("REPORTED") { $0.reportedAt?.text ?? "" },
        Column("ATTACHED", detail: true) { $0.attachedAt?.text ?? "" },
        Column("ENROLLED", detail: true) { $0.enrolledAt.text },
        Column(number: "RECEIVED", detail: true) { Show.bytes($0.tunnel?.receivedBytes) },
        Column(number: "SENT", detail: true) { Show.bytes($0.tunnel?.sentBytes) },
      ])
  }
}

extension Table<ConnectionView> {
  static var connections: Table {
    Table(
      "no connections",
      [
        Column("CONNECTION") { $0.id.text },
        Column("PRODUCT") { $0.productID.text },
        Column("USER") { $0.user.text },
        Column("STATE") { $0.phase.rawValue },
        Column("VPN ADDRESS") { $0.vpnAddress ?? "" },
        Column("SINCE") { ($0.upAt ?? $0.requestedAt).text },
        Column(number: "INACTIVITY") { Show.time($0.inactivitySeconds.map(Double.init)) },
        Column("NOTE") { $0.note ?? "" },
        Column("TUNNEL", detail: true) { $0.tunnel?.text ?? "" },
        Column("REQUESTED", detail: true) { $0.requestedAt.text },
      ])
  }

  static var history: Table {
    Table(
      "nothing is over yet",
      [
        Column("CONNECTION") { $0.id.text },
        Column("PRODUCT") { $0.productID.text },
        Column("USER") { $0.user.text },
        Column("REQUESTED") { $0.requestedAt.text },
        Column(number: "LASTED") { view in
          guard let up = view.upAt, let closed = view.closedAt else { return "" }
          return Show.time(Double((closed - up).components.seconds))
        },
        Column("REASON") { $0.reason?.rawValue ?? "" },
        Column("BY") { $0.closedBy ?? "" },
        Column("FAILURE") { $0.failure?.code.rawValue ?? "" },
        Column("NOTE") { $0.note ?? "" },
        Column("CLOSED", detail: true) { $0.closedAt?.text ?? "" },
        Column("TUNNEL", detail: true) { $0.tunnel?.text ?? "" },
        Column("VPN ADDRESS", detail: true) { $0.vpnAddress ?? "" },
        Column("FAILURE IN WORDS", detail: true) { $0.failure?.detail ?? "" },
      ])
  }
}

extension Table<TokenView> {
  static var tokens: Table {
    Table(
      "no tokens",
      [
        Column("ID") { $0.id },
        Column("USER") { $0.user.text },
        Column("ROLE") { $0.role.rawValue },
        Column("VPN USER") { $0.vpnUser ?? "" },
        Column("CREATED") { $0.createdAt.text },
        Column("EXPIRES") { $0.expiresAt?.text ?? "" },
        Column("REVOKED") { $0.revokedAt?.text ?? "" },
      ])
  }
}

extension Table<ServiceEvent> {
  static var events: Table {
    Table(
      "no events",
      [
        Column(number: "SEQUENCE") { "\($0.sequence)" },
        Column("TIME") { $0.time.text },
        Column("EVENT") { $0.kind.rawValue },
        Column("PRODUCT") { $0.product?.text ?? "" },
        Column("ACTOR") { $0.actor },
        Column("CONNECTION") { $0.connection?.text ?? "" },
        Column("WHY") { $0.reason?.rawValue ?? $0.code?.rawValue ?? "" },
        Column(number: "LASTED") { Show.time($0.durationSeconds.map(Double.init)) },
        Column(number: "BYTES") { Show.bytes($0.bytes) },
        Column("NOTE") { $0.note ?? "" },
        Column("TUNNEL", detail: true) { $0.tunnel?.text ?? "" },
        Column("HASH", detail: true) { $0.hash },
      ])
  }
}
