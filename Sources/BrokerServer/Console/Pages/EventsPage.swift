import Broker
import ConnectionService
import Primitives

/// Events as they happen, and those before them.
struct EventsPage {
  let caller: Caller
  private let fields: FormFields
  private let events: Page<ServiceEvent>
  private let refusal: Refusal?

  private static let names = ["product", "type", "reason", "actor"]

  init(_ fields: FormFields, by caller: Caller, rules: ServedRules) throws(Refusal) {
    self.caller = caller
    self.fields = fields
    do throws(Refusal) {
      events = try rules.events(try Self.filter(fields), by: caller)
      refusal = nil
    } catch  where error.code == .badRequest {
      // Of what was typed into the form, which is shown again.
      events = Page(items: [])
      refusal = error
    }
  }

  private static func filter(_ fields: FormFields) throws(Refusal) -> EventFilter {
    var filter = EventFilter()
    filter.product = try fields.value("product", ProductID.self, called: "product id")
    filter.kind = try fields.choice("type", ServiceEvent.Kind.self)
    filter.reason = try fields.choice("reason", CloseReason.self)
    filter.actor = fields["actor"]
    filter.before = try fields.value("before", UInt64.self, called: "sequence of an event")
    return filter
  }

  var status: Int { refusal == nil ? 200 : 400 }

  var page: ConsolePage {
    let isLive = refusal == nil && fields["before"] == nil
    return ConsolePage(
      title: "Events", content: content, place: .events, caller: caller,
      stream: isLive ? stream : nil)
  }

  /// The API's own names for the same filters.
  private var stream: String {
    let product = fields["product"].map { [("productID", $0)] } ?? []
    return "/v1/events" + fields.query(of: ["type", "reason", "actor"], and: product)
  }

  private var content: HTML {
    let types = ServiceEvent.Kind.allCases.map { ($0.rawValue, Words.kind($0)) }
    return """
      <div class="head"><h1>Events</h1></div>
      <form class="filters" method="get" action="/console/events">
      \(.textField("product", "Device", fields["product"]))
      \(.choiceField("type", "What", types, chosen: fields["type"]))
      \(.choiceField("reason", "Reason", HTML.reasons, chosen: fields["reason"]))
      \(.textField("actor", "By", fields["actor"]))
      <div class="buttons"><button type="submit">Filter</button> <a href="/console/events">All</a></div>
      </form>
      \(refusal.map(HTML.problem) ?? EventsList(events: events.items).grid.html)
      \(turning)
      """
  }

  private var turning: HTML {
    let kept = "/console/events" + fields.query(of: Self.names)
    let newest: HTML =
      fields["before"] == nil ? .nothing : "<a href=\"\(kept)\">Newest, live</a> "
    let older: HTML =
      events.next.map { next in
        let query = fields.query(of: Self.names, and: [("before", next)])
        return "<a href=\"/console/events\(query)\">Older</a>"
      } ?? .nothing
    return "<nav class=\"turning\" aria-label=\"More events\">\(newest)\(older)</nav>"
  }
}
