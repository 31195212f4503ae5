import Broker
import ConnectionService
import Primitives
import Testing

/// Records to put into a store.
enum Samples {
  static func name(_ text: String) throws -> Name { try #require(Name(text)) }
  static func product(_ text: String) throws -> ProductID { try #require(ProductID(text)) }

  static func digest(_ byte: UInt8) -> Digest { Digest(bytes: Array(repeating: byte, count: 32)) }

  /// `c-` and sixteen digits, in the order of the numbers.
  static func connectionID(_ number: Int) throws -> ConnectionID {
    let digits = String(number)
    return try #require(
      ConnectionID("c-" + String(repeating: "0", count: 16 - digits.count) + digits))
  }

  static func tunnelID(_ digits: String) throws -> TunnelID {
    try #require(TunnelID("t-" + digits))
  }

  static func time(_ milliseconds: Int64) -> Timestamp { Timestamp(milliseconds: milliseconds) }

  static func token(
    _ id: String, hash: UInt8, organisation: String = "acme"
  ) throws -> TokenRecord {
    TokenRecord(
      id: id, hash: digest(hash), organisation: try name(organisation), user: try name("ann"),
      role: .operator, createdAt: time(7))
  }

  static func device(_ text: String, organisation: String = "acme") throws -> DeviceRecord {
    DeviceRecord(
      product: try product(text), organisation: try name(organisation), name: "Pump \(text)",
      enrolledAt: time(5))
  }

  static func connection(
    _ number: Int, of product: String = "pump", slot: Int = 1, phase: ConnectionView.Phase = .up,
    organisation: String = "acme", user: String = "ann"
  ) throws -> ConnectionRecord {
    let view = ConnectionView(
      id: try connectionID(number), productID: try Self.product(product), user: try name(user),
      phase: phase, requestedAt: time(1000 + Int64(number)))
    return ConnectionRecord(
      view: view, organisation: try name(organisation), operatorVPNUser: "ann-vpn", slot: slot)
  }

  /// The event that follows `head`, with hashes that are only told apart.
  static func event(
    _ kind: ServiceEvent.Kind = .deviceAttached, after head: EventHead?, actor: String = "ann",
    organisation: Name? = nil, product: ProductID? = nil
  ) -> ServiceEvent {
    var event = ServiceEvent(kind, actor: actor, organisation: organisation, product: product)
    event.sequence = (head?.sequence ?? 0) + 1
    event.time = time(Int64(event.sequence))
    event.previousHash = head?.hash ?? String(repeating: "0", count: 64)
    event.hash = "hash of \(event.sequence)"
    return event
  }
}

extension StoreTransaction {
  /// Appends the next event, as every writer does: head first.
  func appendNext(
    _ kind: ServiceEvent.Kind = .deviceAttached, actor: String = "ann", organisation: Name? = nil,
    product: ProductID? = nil
  ) throws(Refusal) {
    try append(
      Samples.event(
        kind, after: try lockEventHead(), actor: actor, organisation: organisation,
        product: product))
  }

  func everyEvent() throws(Refusal) -> [ServiceEvent] {
    try events(EventQuery(organisation: nil, order: .ascending(after: 0), limit: 10_000))
  }
}
