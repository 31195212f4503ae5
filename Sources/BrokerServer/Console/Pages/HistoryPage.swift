import Broker
import ConnectionService
import Primitives

/// Connections with why they ended, the newest first.
struct HistoryPage {
  let caller: Caller
  private let fields: FormFields
  private let connections: Page<ConnectionView>
  private let refusal: Refusal?
  private let now: Timestamp

  private static let names = ["product", "user", "reason", "state"]

  private enum State: String { case live, over }

  init(_ fields: FormFields, by caller: Caller, rules: ServedRules) throws(Refusal) {
    self.caller = caller
    self.fields = fields
    now = .wallClock
    do throws(Refusal) {
      connections = try rules.connections(try Self.filter(fields), by: caller)
      refusal = nil
    } catch  where error.code == .badRequest {
      connections = Page(items: [])
      refusal = error
    }
  }

  private static func filter(_ fields: FormFields) throws(Refusal) -> ConnectionFilter {
    var filter = ConnectionFilter()
    filter.product = try fields.value("product", ProductID.self, called: "product id")
    filter.user = try fields.value("user", Name.self, called: "user name")
    filter.reason = try fields.choice("reason", CloseReason.self)
    filter.live = try fields.choice("state", State.self).map { $0 == .live }
    filter.after = try fields.value("after", ConnectionID.self, called: "connection id")
    return filter
  }

  var status: Int { refusal == nil ? 200 : 400 }

  var page: ConsolePage {
    let isLive = refusal == nil && fields["after"] == nil
    return ConsolePage(
      title: "History", content: content, place: .history, caller: caller,
      stream: isLive ? stream : nil)
  }

  private var stream: String {
    let product = fields["product"].map { [("productID", $0)] } ?? []
    return "/v1/events" + fields.query(of: [], and: product)
  }

  private var content: HTML {
    let list = ConnectionsList(caller: caller, now: now)
    let grid = list.grid(
      connections.items, caption: "Connections, the newest first",
      empty: "There is no such connection.")
    return """
      <div class="head"><h1>History</h1></div>
      <form class="filters" method="get" action="/console/history">
      \(.textField("product", "Device", fields["product"]))
      \(.textField("user", "User", fields["user"]))
      \(.choiceField("reason", "Reason", HTML.reasons, chosen: fields["reason"]))
      \(.choiceField("state", "State", [("live", "Live"), ("over", "Over")], chosen: fields["state"]))
      <div class="buttons"><button type="submit">Filter</button> <a href="/console/history">All</a></div>
      </form>
      \(refusal.map(HTML.problem) ?? grid.html)
      \(turning)
      """
  }

  private var turning: HTML {
    let kept = "/console/history" + fields.query(of: Self.names)
    let newest: HTML = fields["after"] == nil ? .nothing : "<a href=\"\(kept)\">Newest, live</a> "
    let older: HTML =
      connections.next.map { next in
        let query = fields.query(of: Self.names, and: [("after", next)])
        return "<a href=\"/console/history\(query)\">Older</a>"
      } ?? .nothing
    return "<nav class=\"turning\" aria-label=\"More connections\">\(newest)\(older)</nav>"
  }
}

extension HTML {
  /// Every reason, for a choice.
  static var reasons: [(String, String)] {
    CloseReason.allCases.map { ($0.rawValue, Words.reason($0)) }
  }

  static func textField(_ name: String, _ label: String, _ value: String?) -> HTML {
    """
    <p><label for="filter-\(name)">\(label)</label>
    <input id="filter-\(name)" name="\(name)" value="\(value ?? "")" maxlength="64" \
    autocomplete="off" spellcheck="false"></p>
    """
  }

  static func choiceField(
    _ name: String, _ label: String, _ choices: [(value: String, words: String)], chosen: String?
  ) -> HTML {
    let options: [HTML] = choices.map { choice in
      let selected: HTML = choice.value == chosen ? " selected" : ""
      return """
        <option value="\(choice.value)"\(selected)>\(choice.words) (\(choice.value))</option>

        """
    }
    return """
      <p><label for="filter-\(name)">\(label)</label>
      <select id="filter-\(name)" name="\(name)"><option value="">any</option>
      \(options)</select></p>
      """
  }
}
