import Broker
import ConnectionService
import Primitives

/// One device: what it is now, who is on it, and what happened to it.
struct DevicePage {
  let caller: Caller
  let now: Timestamp
  let device: DeviceView
  let live: [ConnectionView]
  let past: [ConnectionView]
  let events: [ServiceEvent]

  /// Past connections, and events.
  private static let pastMax = 10
  private static let eventsMax = 20

  init(_ product: ProductID, by caller: Caller, rules: ServedRules) throws(Refusal) {
    self.caller = caller
    device = try rules.device(product, by: caller)
    var filter = ConnectionFilter()
    filter.product = product
    filter.live = true
    live = try rules.connections(filter, by: caller).items
    filter.live = false
    filter.limit = Self.pastMax
    past = try rules.connections(filter, by: caller).items
    var eventFilter = EventFilter()
    eventFilter.product = product
    eventFilter.limit = Self.eventsMax
    events = try rules.events(eventFilter, by: caller).items
    now = .wallClock
  }

  var page: ConsolePage {
    ConsolePage(
      title: device.name, content: content, place: .devices, caller: caller,
      stream: "/v1/events?productID=\(device.productID)")
  }

  private var content: HTML {
    let facts = DeviceFacts(device: device, caller: caller, now: now)
    let product = device.productID
    return """
      <div class="head" data-product="\(product)"><h1><bdi>\(device.name)</bdi></h1>
      <p>\(.copyable(product.text))</p>
      <p class="actions">\(facts.actions)</p></div>
      \(facts.list)
      <h2>Connections</h2>
      \(grid(live, "Live connections", "Nobody is on this device."))
      <h2>Past connections</h2>
      \(grid(past, "Past connections", "There was none yet."))
      <p><a href="/console/history?product=\(product)">All connections of this device</a></p>
      <h2>What happened</h2>
      \(EventsList(events: events, showsDevice: false).grid.html)
      <p><a href="/console/events?product=\(product)">All events of this device</a></p>
      """
  }

  private func grid(_ connections: [ConnectionView], _ caption: String, _ empty: HTML) -> HTML {
    ConnectionsList(caller: caller, now: now)
      .grid(connections, caption: caption, empty: empty, showsDevice: false).html
  }
}
