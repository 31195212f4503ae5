import ConnectionService
import Primitives

/// The rows of a ``MemoryStore``, and its one transaction at a time.
final class MemoryRows: StoreTransaction {
  var clock: Timestamp
  var failure: MemoryStore.Failure?
  private var isOpen = false
  private var calls = 0

  private var tokenRows = MemoryTable<String, TokenRecord>()
  private var tokenIDs = MemoryTable<Digest, String>()
  private var enrolments = MemoryTable<Digest, EnrolmentRecord>()
  private var deviceRows = MemoryTable<ProductID, DeviceRecord>()
  private var connectionRows = MemoryTable<ConnectionID, ConnectionRecord>()
  private var connectionOrder = MemoryList<ConnectionID>()
  /// Those not closed, by device.
  private var liveIDs = MemoryTable<ProductID, [ConnectionID]>()
  /// Unanswered ones, by device, in order.
  private var commandRows = MemoryTable<ProductID, [CommandRecord]>()
  private var lastCommandIDs = MemoryTable<ProductID, UInt64>()
  private var eventRows = MemoryList<ServiceEvent>()
  private var idempotencyRows = MemoryTable<IdempotencyKey, IdempotencyRecord>()
  private var webhookRows = MemoryTable<String, WebhookRecord>()

  init(clock: Timestamp) { self.clock = clock }

  // MARK: The transaction.

  func begin() throws(Refusal) {
    precondition(!isOpen, "A transaction in memory does not begin inside another.")
    guard failure != .unreachable else { throw .storeUnavailable }
    isOpen = true
    calls = 0
  }

  func commit() throws(Refusal) {
    isOpen = false
    tokenRows.commit()
    tokenIDs.commit()
    enrolments.commit()
    deviceRows.commit()
    connectionRows.commit()
    connectionOrder.commit()
    liveIDs.commit()
    commandRows.commit()
    lastCommandIDs.commit()
    eventRows.commit()
    idempotencyRows.commit()
    webhookRows.commit()
    guard failure == .afterCommit else { return }
    failure = nil
    throw .storeUnavailable
  }

  func rollBack() {
    isOpen = false
    tokenRows.rollBack()
    tokenIDs.rollBack()
    enrolments.rollBack()
    deviceRows.rollBack()
    connectionRows.rollBack()
    connectionOrder.rollBack()
    liveIDs.rollBack()
    commandRows.rollBack()
    lastCommandIDs.rollBack()
    eventRows.rollBack()
    idempotencyRows.rollBack()
    webhookRows.rollBack()
  }

  /// Every method comes by here: a database may go away between any two of them.
  private func count() throws(Refusal) {
    calls += 1
    guard failure == .atCall(calls) else { return }
    failure = nil
    throw .storeUnavailable
  }

  func now() throws(Refusal) -> Timestamp {
    try count()
    return clock
  }

  // MARK: Tokens and enrolment codes.

  func insert(_ token: TokenRecord) throws(Refusal) {
    try count()
    precondition(tokenRows[token.id] == nil, "A token's id is new.")
    tokenRows[token.id] = token
    tokenIDs[token.hash] = token.id
  }

  func token(hash: Digest) throws(Refusal) -> TokenRecord? {
    try count()
    return tokenIDs[hash].flatMap { tokenRows[$0] }
  }

  func token(id: String) throws(Refusal) -> TokenRecord? {
    try count()
    return tokenRows[id]
  }

  func tokens(
    of organisation: Name, after id: String?, limit: Int
  ) throws(Refusal) -> [TokenRecord] {
    try count()
    let ids = tokenRows.unorderedKeys { token in
      token.organisation == organisation && id.map { token.id > $0 } ?? true
    }
    return ids.sorted().prefix(limit).compactMap { tokenRows[$0] }
  }

  func update(_ token: TokenRecord) throws(Refusal) {
    try count()
    tokenRows[token.id] = token
  }

  func tokenCount() throws(Refusal) -> Int {
    try count()
    return tokenRows.count
  }

  func insert(_ enrolment: EnrolmentRecord) throws(Refusal) {
    try count()
    for hash in enrolments.unorderedKeys(where: { $0.product == enrolment.product }) {
      enrolments[hash] = nil
    }
    enrolments[enrolment.codeHash] = enrolment
  }

  func takeEnrolment(codeHash: Digest) throws(Refusal) -> EnrolmentRecord? {
    try count()
    let enrolment = enrolments[codeHash]
    if enrolment != nil { enrolments[codeHash] = nil }
    return enrolment
  }

  // MARK: Devices.

  func insert(_ device: DeviceRecord) throws(Refusal) {
    try count()
    if let former = deviceRows[device.product] {
      guard former.removedAt != nil, former.organisation == device.organisation else {
        throw .productIDTaken(device.product)
      }
    }
    deviceRows[device.product] = device
  }

  func device(_ product: ProductID, locking: Bool) throws(Refusal) -> DeviceRecord? {
    try count()
    return deviceRows[product]
  }

  func devices(
    of organisation: Name, matching search: DeviceSearch?, after product: ProductID?, limit: Int
  ) throws(Refusal) -> [DeviceRecord] {
    try count()
    let products = deviceRows.unorderedKeys { device in
      device.organisation == organisation && device.removedAt == nil
        && product.map { device.product > $0 } ?? true && search?.matches(device) ?? true
    }
    return products.sorted().prefix(limit).compactMap { deviceRows[$0] }
  }

  func update(_ device: DeviceRecord) throws(Refusal) {
    try count()
    deviceRows[device.product] = device
  }

  func devicesWithLease(before time: Timestamp, limit: Int) throws(Refusal) -> [ProductID] {
    try count()
    let products = deviceRows.unorderedKeys { device in
      device.attachment.map { $0.leaseUntil <= time } ?? false
    }
    return Array(products.sorted().prefix(limit))
  }

  // MARK: Connections.

  func insert(_ connection: ConnectionRecord) throws(Refusal) {
    try count()
    let live = live(connection.view.productID)
    guard !live.contains(where: { $0.slot == connection.slot }) else { throw .connectionLimit }
    precondition(connectionRows[connection.view.id] == nil, "A connection's id is new.")
    connectionRows[connection.view.id] = connection
    connectionOrder.append(connection.view.id)
    liveIDs[connection.view.productID] = live.map(\.view.id) + [connection.view.id]
  }

  func connection(_ id: ConnectionID) throws(Refusal) -> ConnectionRecord? {
    try count()
    return connectionRows[id]
  }

  func liveConnections(of product: ProductID) throws(Refusal) -> [ConnectionRecord] {
    try count()
    return live(product)
  }

  func connections(_ query: ConnectionQuery) throws(Refusal) -> [ConnectionRecord] {
    try count()
    let all = connectionOrder.rows
    var end = all.endIndex
    if let after = query.after {
      // Another organisation's is as unknown as any other text: nothing follows it.
      guard connectionRows[after]?.organisation == query.organisation,
        let index = all.lastIndex(of: after)
      else { return [] }
      end = index
    }
    var found: [ConnectionRecord] = []
    for id in all[..<end].reversed() {
      guard found.count < query.limit else { break }
      if let connection = connectionRows[id], query.matches(connection) { found.append(connection) }
    }
    return found
  }

  func update(_ connection: ConnectionRecord) throws(Refusal) {
    try count()
    connectionRows[connection.view.id] = connection
    guard connection.view.phase == .closed else { return }
    let product = connection.view.productID
    let rest = (liveIDs[product] ?? []).filter { $0 != connection.view.id }
    liveIDs[product] = rest.isEmpty ? nil : rest
  }

  func productsWithConnections(
    overdueAt time: Timestamp, limit: Int
  ) throws(Refusal) -> [ProductID] {
    try count()
    let products = liveIDs.unorderedKeys { ids in
      ids.contains { id in connectionRows[id]?.answerDueAt.map { $0 <= time } ?? false }
    }
    return Array(products.sorted().prefix(limit))
  }

  func grantedConnections() throws(Refusal) -> [ConnectionRecord] {
    try count()
    return connectionRows.unorderedKeys { $0.view.phase == .up }.sorted()
      .compactMap { connectionRows[$0] }
  }

  private func live(_ product: ProductID) -> [ConnectionRecord] {
    (liveIDs[product] ?? []).compactMap { connectionRows[$0] }.sorted { $0.slot < $1.slot }
  }

  // MARK: Commands.

  func insert(_ command: NewCommand) throws(Refusal) -> UInt64 {
    try count()
    let id = (lastCommandIDs[command.product] ?? 0) + 1
    lastCommandIDs[command.product] = id
    commandRows[command.product] =
      (commandRows[command.product] ?? []) + [CommandRecord(id: id, command: command)]
    return id
  }

  func commands(of product: ProductID, limit: Int) throws(Refusal) -> [CommandRecord] {
    try count()
    return Array((commandRows[product] ?? []).prefix(limit))
  }

  func command(_ id: UInt64, of product: ProductID) throws(Refusal) -> CommandRecord? {
    try count()
    return commandRows[product]?.first { $0.id == id }
  }

  func removeCommand(_ id: UInt64, of product: ProductID) throws(Refusal) {
    try count()
    commandRows[product]?.removeAll { $0.id == id }
  }

  // MARK: Events.

  func lockEventHead() throws(Refusal) -> EventHead? {
    try count()
    return eventRows.rows.last.map { EventHead(sequence: $0.sequence, hash: $0.hash) }
  }

  func append(_ event: ServiceEvent) throws(Refusal) {
    try count()
    precondition(
      event.sequence == UInt64(eventRows.rows.count) + 1, "Events are numbered without a gap.")
    eventRows.append(event)
  }

  func events(_ query: EventQuery) throws(Refusal) -> [ServiceEvent] {
    try count()
    let all = eventRows.rows
    // Sequence and index differ by one.
    switch query.order {
    case .ascending(let after):
      let start = Int(clamping: min(after, UInt64(all.count)))
      return Array(all[start...].lazy.filter(query.matches).prefix(query.limit))
    case .descending(let before):
      let end = Int(clamping: min((before ?? .max) &- 1, UInt64(all.count)))
      guard before != 0 else { return [] }
      return Array(all[..<end].reversed().lazy.filter(query.matches).prefix(query.limit))
    }
  }

  // MARK: Idempotency keys.

  func idempotency(_ key: IdempotencyKey) throws(Refusal) -> IdempotencyRecord? {
    try count()
    return idempotencyRows[key]
  }

  func insert(_ record: IdempotencyRecord) throws(Refusal) {
    try count()
    guard idempotencyRows[record.key] == nil else { throw .idempotencyConflict }
    idempotencyRows[record.key] = record
  }

  func removeIdempotency(before time: Timestamp) throws(Refusal) {
    try count()
    for key in idempotencyRows.unorderedKeys(where: { $0.createdAt < time }) {
      idempotencyRows[key] = nil
    }
  }

  // MARK: Webhooks.

  func insert(_ webhook: WebhookRecord) throws(Refusal) {
    try count()
    webhookRows[webhook.view.id] = webhook
  }

  func webhook(id: String) throws(Refusal) -> WebhookRecord? {
    try count()
    return webhookRows[id]
  }

  func webhooks(of organisation: Name) throws(Refusal) -> [WebhookRecord] {
    try count()
    return webhookRows.unorderedKeys { $0.organisation == organisation }.sorted()
      .compactMap { webhookRows[$0] }
  }

  func webhook(dueAt time: Timestamp) throws(Refusal) -> WebhookRecord? {
    try count()
    return webhookRows.unorderedKeys { $0.dueAt <= time }.compactMap { webhookRows[$0] }
      .min { ($0.dueAt, $0.view.id) < ($1.dueAt, $1.view.id) }
  }

  func update(_ webhook: WebhookRecord) throws(Refusal) {
    try count()
    webhookRows[webhook.view.id] = webhook
  }

  func removeWebhook(id: String) throws(Refusal) {
    try count()
    webhookRows[id] = nil
  }
}

extension ConnectionQuery {
  fileprivate func matches(_ connection: ConnectionRecord) -> Bool {
    let view = connection.view
    return connection.organisation == organisation && product.map { $0 == view.productID } ?? true
      && user.map { $0 == view.user } ?? true && reason.map { $0 == view.reason } ?? true
      && live.map { $0 == (view.phase != .closed) } ?? true
  }
}

extension EventQuery {
  fileprivate func matches(_ event: ServiceEvent) -> Bool {
    organisation.map { $0 == event.organisation } ?? true
      && product.map { $0 == event.product } ?? true && kind.map { $0 == event.kind } ?? true
      && reason.map { $0 == event.reason } ?? true && actor.map { $0 == event.actor } ?? true
  }
}
