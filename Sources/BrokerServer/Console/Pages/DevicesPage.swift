import Broker
import ConnectionService
import Primitives

/// The devices of an organisation with their live connections: the first page.
struct DevicesPage {
  let fields: FormFields
  let caller: Caller
  let now: Timestamp
  let devices: Page<DeviceView>
  /// Of those devices that have any.
  let live: [ProductID: [ConnectionView]]

  /// Devices on one page: with a connection on each, the page and its files stay below 50 KiB.
  static let devicesMax = 20

  var page: ConsolePage {
    ConsolePage(
      title: "Devices", content: content, place: .devices, caller: caller, stream: "/v1/events")
  }

  private var content: HTML {
    """
    <div class="head"><h1>Devices</h1><p class="hint">\(summary)</p></div>
    \(search)
    \(grid.html)
    \(turning)
    """
  }

  private var isFirst: Bool { fields["after"] == nil }

  private var search: HTML {
    let all: HTML = fields["find"] == nil ? .nothing : " <a href=\"/console/\">All</a>"
    return """
      <form class="find" role="search" action="/console/">
      <input type="search" name="find" value="\(fields["find"] ?? "")" aria-label="Name or product id" \
      placeholder="Name or product id" maxlength="\(DeviceSearch.bytesMax)" autocomplete="off" \
      spellcheck="false">
      <button type="submit">Find</button>\(all)
      </form>
      """
  }

  private var summary: HTML {
    let items = devices.items
    let isPart = !isFirst || devices.next != nil
    let isSearch = fields["find"] != nil
    let kind: HTML =
      switch (isSearch, isPart) {
      case (true, true): "found on this page"
      case (true, false): "found"
      case (false, true): "on this page"
      case (false, false): items.count == 1 ? "device" : "devices"
      }
    return """
      \(items.count) \(kind), \(items.count { $0.online }) online, \
      \(items.count { $0.online && $0.phase == .up }) with a tunnel, \
      \(items.reduce(0) { $0 + $1.connections }) connections
      """
  }

  private var grid: Grid {
    Grid(
      caption: "Devices with their live connections",
      className: "devices",
      columns: [
        Grid.Column("Device"), Grid.Column("Link"), Grid.Column("Tunnel"), Grid.Column("Users"),
        Grid.Column("VPN address"), Grid.Column("Time left"),
      ] + (caller.mayConnect ? [Grid.Column("Actions")] : []),
      rows: devices.items.map(row),
      empty: fields["find"] == nil
        ? """
        There is no device yet. Announce one with <code>drawbridge device enrol PRODUCT-ID</code>, \
        then give the code to its agent.
        """ : "No device has this in its name or product id.")
  }

  private func row(_ device: DeviceView) -> Grid.Row {
    let facts = DeviceFacts(device: device, caller: caller, now: now)
    let product = device.productID
    let id: HTML =
      device.name == product.text ? .nothing : "<br><small>\(product)</small>"
    let name: HTML = """
      <a href="/console/devices/\(product)"><bdi>\(device.name)</bdi></a>\(id)
      """
    return Grid.Row(
      id: "device-\(product)", product: product,
      cells: [name, facts.link, facts.tunnel, facts.users, facts.address, facts.timeLeft]
        + (caller.mayConnect ? [facts.actions] : []),
      below: live[product].map(ConnectionsList(caller: caller, now: now).compact))
  }

  private var turning: HTML {
    let found = fields.query(of: ["find"])
    let first: HTML = isFirst ? .nothing : "<a href=\"/console/\(found)\">First page</a> "
    let next: HTML =
      devices.next.map { next in
        let query = fields.query(of: ["find"], and: [("after", next)])
        return "<a href=\"/console/\(query)\">Next page</a>"
      } ?? .nothing
    return isFirst && devices.next == nil
      ? .nothing : "<nav class=\"turning\" aria-label=\"More devices\">\(first)\(next)</nav>"
  }
}

extension DevicesPage {
  /// The page that the fields of a query ask for: `find`, a part of a name or product id, and `after`,
  /// the device before its first one.
  init(_ fields: FormFields, by caller: Caller, rules: ServedRules) throws(Refusal) {
    let after = try fields.value("after", ProductID.self, called: "product id")
    let search = try fields["find"].map(DeviceSearch.init)
    let devices = try rules.devices(
      by: caller, matching: search, after: after, limit: Self.devicesMax)
    var live: [ProductID: [ConnectionView]] = [:]
    for device in devices.items where device.connections > 0 {
      var filter = ConnectionFilter()
      filter.product = device.productID
      filter.live = true
      live[device.productID] = try rules.connections(filter, by: caller).items.reversed()
    }
    self.init(
      fields: fields, caller: caller, now: .wallClock, devices: devices, live: live)
  }
}
