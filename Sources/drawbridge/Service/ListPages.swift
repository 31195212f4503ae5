import BrokerClient
import ConnectionService

extension BrokerOptions {
  /// Most records that one command shows.
  static let recordsMax = 10_000

  /// Asks page after page and prints the whole, as a table or as one JSON object.
  func list<Item: Hashable & Sendable & Codable>(
    _ table: Table<Item>, _ presentation: PresentationOptions, limit: Int = Self.recordsMax,
    page: (String?) async throws -> Page<Item>
  ) async throws {
    var items: [Item] = []
    var next: String?
    repeat {
      let reply = try await page(next)
      items += reply.items
      next = reply.next
    } while next != nil && items.count < limit
    let shown = Page(items: Array(items.prefix(limit)))
    try print(shown, text: presentation.render(shown.items, table))
  }
}
