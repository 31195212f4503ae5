import Broker
import ConnectionService
import Primitives

/// What a store holds that checkers look at, and what is new in it.
struct StoreBooks {
  struct Device {
    var record: DeviceRecord
    var live: [ConnectionRecord]
    var commands: [CommandRecord]
  }

  /// By product id.
  var devices: [Device] = []
  var head: UInt64 = 0
  /// Those since the books were read before.
  var events: [ServiceEvent] = []
  /// Connections that the new events are about, as they are now.
  var touched: [ConnectionRecord] = []
  /// When the first answer or lease is overdue.
  var due: Timestamp?

  init() {}

  init(_ store: MemoryStore, after former: StoreBooks, products: [ProductID]) throws(Refusal) {
    let head = former.head
    self = try store.transact { (rows) throws(Refusal) in
      var books = StoreBooks()
      for product in Set(products).sorted() {
        guard let record = try rows.device(product, locking: false) else { continue }
        let live = try rows.liveConnections(of: product)
        books.devices.append(
          Device(
            record: record, live: live, commands: try rows.commands(of: product, limit: .max)))
        let times =
          live.compactMap(\.answerDueAt) + [record.attachment?.leaseUntil].compactMap(\.self)
        books.due = (times + [books.due].compactMap(\.self)).min()
      }
      books.events = try rows.events(
        EventQuery(organisation: nil, order: .ascending(after: head), limit: .max))
      books.head = books.events.last?.sequence ?? head
      for id in Set(books.events.compactMap(\.connection)).sorted() {
        if let record = try rows.connection(id) { books.touched.append(record) }
      }
      return books
    }
  }

  func device(_ product: ProductID) -> Device? { devices.first { $0.record.product == product } }
}
