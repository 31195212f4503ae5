import ConnectionService

/// Where a broker keeps what must outlive it.
///
/// A transaction happens whole or not at all, and those that touch the same rows happen one after
/// another: two brokers on one store never see half of each other's work. What one has locked is free
/// when its call returns. Calls block; the runtime makes them on a thread of their own.
public protocol Store: Sendable {
  /// Runs `body` in one transaction, and takes everything back when it throws.
  ///
  /// A conflict with another transaction is tried again from the beginning, so `body` may run several
  /// times and must have no effect but on the store and on what it returns.
  /// - Throws: what `body` throws; `storeUnavailable` when the database cannot be reached.
  func transact<Result>(
    _ body: (any StoreTransaction) throws(Refusal) -> Result
  ) throws(Refusal) -> Result
}

/// The rows of one transaction. Every method may throw `storeUnavailable`.
public protocol StoreTransaction: AnyObject {
  /// The store's own clock: the same for every broker on it.
  func now() throws(Refusal) -> Timestamp

  // Tokens.
  func insert(_ token: TokenRecord) throws(Refusal)
  func token(hash: Digest) throws(Refusal) -> TokenRecord?
  func token(id: String) throws(Refusal) -> TokenRecord?
  /// In order of id.
  func tokens(of organisation: Name, after id: String?, limit: Int) throws(Refusal) -> [TokenRecord]
  func update(_ token: TokenRecord) throws(Refusal)
  /// How many there are in the whole store: zero tells a new one.
  func tokenCount() throws(Refusal) -> Int

  // Enrolment codes.
  /// Replaces an earlier one for the same product id.
  func insert(_ enrolment: EnrolmentRecord) throws(Refusal)
  /// Takes it out: a second call finds nothing.
  func takeEnrolment(codeHash: Digest) throws(Refusal) -> EnrolmentRecord?

  // Devices.
  /// - Throws: `productIDTaken` when a device of that id exists, also a removed one of another
  ///   organisation.
  func insert(_ device: DeviceRecord) throws(Refusal)
  /// - Parameter locking: until the transaction ends, nobody else changes the device, its
  ///   connections or its commands.
  func device(_ product: ProductID, locking: Bool) throws(Refusal) -> DeviceRecord?
  /// In order of product id; removed ones are left out, and those that a search does not match.
  func devices(
    of organisation: Name, matching search: DeviceSearch?, after product: ProductID?, limit: Int
  ) throws(Refusal) -> [DeviceRecord]
  func update(_ device: DeviceRecord) throws(Refusal)
  /// Devices that are attached although their lease is over.
  func devicesWithLease(before time: Timestamp, limit: Int) throws(Refusal) -> [ProductID]

  // Connections.
  /// - Throws: `connectionLimit` when the slot of the device is taken by a live one.
  func insert(_ connection: ConnectionRecord) throws(Refusal)
  func connection(_ id: ConnectionID) throws(Refusal) -> ConnectionRecord?
  /// Those not closed, in order of slot.
  func liveConnections(of product: ProductID) throws(Refusal) -> [ConnectionRecord]
  /// The newest first.
  func connections(_ query: ConnectionQuery) throws(Refusal) -> [ConnectionRecord]
  func update(_ connection: ConnectionRecord) throws(Refusal)
  /// Devices with connections that wait for an answer since before `time`.
  func productsWithConnections(
    overdueAt time: Timestamp, limit: Int
  ) throws(Refusal) -> [ProductID]
  /// Those that are up, in every organisation, in order of id.
  func grantedConnections() throws(Refusal) -> [ConnectionRecord]

  // Commands.
  /// Gives it the device's next number.
  func insert(_ command: NewCommand) throws(Refusal) -> UInt64
  /// Unanswered commands of the device in order. Whoever has not locked the device may miss those that
  /// another transaction is at; whoever has, misses none.
  func commands(of product: ProductID, limit: Int) throws(Refusal) -> [CommandRecord]
  func command(_ id: UInt64, of product: ProductID) throws(Refusal) -> CommandRecord?
  /// An answered command is dropped, with the credentials in it.
  func removeCommand(_ id: UInt64, of product: ProductID) throws(Refusal)

  // Events.
  /// The last one's sequence and hash, locked until the transaction ends; `nil` before the first.
  func lockEventHead() throws(Refusal) -> EventHead?
  /// Appends, with sequence and hashes filled in by the caller, who holds the lock on the head.
  func append(_ event: ServiceEvent) throws(Refusal)
  func events(_ query: EventQuery) throws(Refusal) -> [ServiceEvent]

  // Idempotency keys.
  func idempotency(_ key: IdempotencyKey) throws(Refusal) -> IdempotencyRecord?
  /// - Throws: `idempotencyConflict` when another transaction has put it there meanwhile.
  func insert(_ record: IdempotencyRecord) throws(Refusal)
  func removeIdempotency(before time: Timestamp) throws(Refusal)

  // Webhooks.
  func insert(_ webhook: WebhookRecord) throws(Refusal)
  func webhook(id: String) throws(Refusal) -> WebhookRecord?
  /// In order of id.
  func webhooks(of organisation: Name) throws(Refusal) -> [WebhookRecord]
  /// The one that is due longest, locked so that no other broker delivers it; `nil` when none is.
  func webhook(dueAt time: Timestamp) throws(Refusal) -> WebhookRecord?
  func update(_ webhook: WebhookRecord) throws(Refusal)
  func removeWebhook(id: String) throws(Refusal)
}
