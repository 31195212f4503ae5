import Broker
import ConnectionService
import Primitives

/// The devices of an organisation with their live connections: the first page.
struct DevicesPage {
  let caller: Caller
  let now: Timestamp
  let devices: Page<DeviceView>
  /// Of those devices that have any.
  let live: [ProductID: [ConnectionView]]
  let isFirst: Bool

  /// Devices on one page.
  static let devicesMax = 50

  init(_ fields: FormFields, by caller: Caller, rules: ServedRules) throws(Refusal) {
    let after = try fields.value("after", ProductID.self, called: "product id")
    self.caller = caller
    isFirst = after == nil
    devices = try rules.devices(by: caller, after: after, limit: Self.devicesMax)
    var live: [ProductID: [ConnectionView]] = [:]
    for device in devices.items where device.connections > 0 {
      var filter = ConnectionFilter()
      filter.product = device.productID
      filter.live = true
      live[device.productID] = try rules.connections(filter, by: caller).items.reversed()
    }
    self.live = live
    now = .wallClock
  }

  var page: ConsolePage {
    ConsolePage(
      title: "Devices", content: content, place: .devices, caller: caller, stream: "/v1/events")
  }

  private var content: HTML {
    """
    <div class="head"><h1>Devices</h1><p class="hint">\(summary)</p></div>
    \(grid.html)
    \(turning)
    """
  }

  private var summary: HTML {
    let items = devices.items
    let isPart = !isFirst || devices.next != nil
    return """
      \(items.count) \(isPart ? "on this page" : items.count == 1 ? "device" : "devices"), \
      \(items.count { $0.online }) online, \(items.count { $0.online && $0.phase == .up }) with a \
      tunnel, \(items.reduce(0) { $0 + $1.connections }) connections
      """
  }

  private var grid: Grid {
    Grid(
      caption: "Devices with their live connections",
      columns: [
        Grid.Column("Device", "title"), Grid.Column("Link"), Grid.Column("Tunnel"),
        Grid.Column("Users"), Grid.Column("VPN address", "id"),
        Grid.Column("Time left", "left-column"),
      ] + (caller.mayConnect ? [Grid.Column("Actions", "actions")] : []),
      rows: devices.items.map(row),
      empty: """
        There is no device yet. Announce one with <code>drawbridge device enrol PRODUCT-ID</code>, \
        then give the code to its agent.
        """)
  }

  private func row(_ device: DeviceView) -> Grid.Row {
    let facts = DeviceFacts(device: device, caller: caller, now: now)
    let product = device.productID
    let id: HTML =
      device.name == product.text ? .nothing : "<br><span class=\"hint\">\(product)</span>"
    let name: HTML = """
      <a href="/console/devices/\(product)"><bdi>\(device.name)</bdi></a>\(id)
      """
    return Grid.Row(
      id: "device-\(product)",
      cells: [name, facts.link, facts.tunnel, facts.users, facts.address, facts.timeLeft]
        + (caller.mayConnect ? [facts.actions] : []),
      below: live[product].map(ConnectionsList(caller: caller, now: now).compact))
  }

  private var turning: HTML {
    let first: HTML = isFirst ? .nothing : "<a href=\"/console/\">First page</a> "
    let next: HTML =
      devices.next.map { "<a href=\"/console/?after=\($0)\">Next page</a>" } ?? .nothing
    return isFirst && devices.next == nil
      ? .nothing : "<nav class=\"turning\" aria-label=\"More devices\">\(first)\(next)</nav>"
  }
}
