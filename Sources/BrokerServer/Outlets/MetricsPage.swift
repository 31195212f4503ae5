import ConnectionService
import Hummingbird

extension ServedBroker {
  private static let metricsType = "text/plain; version=0.0.4; charset=utf-8"

  /// Anybody's where the configuration says so; otherwise any person's of the organisation that runs
  /// the broker, for they count what every organisation does.
  func exposeMetrics(_ asked: Asked) async throws(Refusal) -> Response {
    if !configuration.metricsArePublic {
      try await perform(asked) { (rules, caller) throws(Refusal) in
        try caller.requireReading()
        guard caller.organisation == rules.policy.ownOrganisation else { throw .figuresOfAll }
      }
    }
    return Answer.text(metricsPage(), type: Self.metricsType)
  }

  /// Prometheus's text format; no user, device or address is named.
  func metricsPage() -> String {
    let counts = metrics.counts
    let ledger = census.counts
    let places = streams.counts
    let calls = lanes.counts
    var page = MetricsText()
    page.gauge("devices_enrolled", "Devices that are enrolled.", ledger.devices)
    page.gauge("devices_attached", "Devices attached to this broker.", places["device"] ?? 0)
    page.gauge("devices_attached_limit", "Most of them at once.", configuration.limits.devices)
    page.gauge(
      "connections", "Live connections.", labels: "phase",
      ["requested": ledger.requested, "up": ledger.up, "closing": ledger.closing])
    page.gauge("device_connections_limit", "Most connections on one device.", 10)
    page.counter("connects_total", "Connects by outcome.", labels: "outcome", counts.connects)
    page.histogram(
      "connect_duration_seconds", "Time from a connect to its answer.",
      bounds: Metrics.connectBounds, counts.connectBuckets, sum: counts.connectSeconds)
    page.counter(
      "connections_closed_total", "Closed connections by reason.", labels: "reason",
      Dictionary(uniqueKeysWithValues: counts.closes.map { ($0.key.rawValue, $0.value) }))
    page.gauge(
      "streams", "Streams of events and of gateways.", labels: "kind",
      ["events": places["events"] ?? 0, "gateway": places["gateway"] ?? 0])
    page.gauge(
      "streams_limit", "Most of them at once.", labels: "kind",
      ["events": configuration.limits.eventStreams, "gateway": configuration.limits.gateways])
    page.gauge("requests_waiting", "Requests that wait for devices.", places["wait"] ?? 0)
    page.gauge("requests_waiting_limit", "Most of them at once.", configuration.limits.waiting)
    page.counter(
      "http_requests_total", "Answered requests.", labels: "status",
      Dictionary(uniqueKeysWithValues: counts.requests.map { ("\($0.key)", $0.value) }))
    page.counter("events_total", "Events seen since the start.", counts.events)
    page.counter(
      "webhook_deliveries_total", "Attempts to deliver events.", labels: "outcome",
      counts.deliveries)
    page.counter("store_transactions_total", "Calls to the database.", calls.transactions)
    page.counter("store_failures_total", "Those that it failed.", calls.failures)
    page.gauge("store_calls", "Calls under way or waiting.", lanes.load)
    page.gauge("store_lanes", "Calls at once.", configuration.limits.storeLanes)
    return page.text
  }
}

/// A page in Prometheus's text format; labels in a fixed order.
struct MetricsText {
  private(set) var text = ""

  mutating func gauge(_ name: String, _ help: String, _ value: Int) {
    head(name, help, "gauge")
    text += "drawbridge_\(name) \(value)\n"
  }

  mutating func gauge(_ name: String, _ help: String, labels: String, _ values: [String: Int]) {
    head(name, help, "gauge")
    lines(name, labels, values)
  }

  mutating func counter(_ name: String, _ help: String, _ value: UInt64) {
    head(name, help, "counter")
    text += "drawbridge_\(name) \(value)\n"
  }

  mutating func counter(
    _ name: String, _ help: String, labels: String, _ values: [String: UInt64]
  ) {
    head(name, help, "counter")
    lines(name, labels, values)
  }

  mutating func histogram(
    _ name: String, _ help: String, bounds: [Double], _ buckets: [UInt64], sum: Double
  ) {
    head(name, help, "histogram")
    var count: UInt64 = 0
    for (bound, bucket) in zip(bounds, buckets) {
      count += bucket
      text += "drawbridge_\(name)_bucket{le=\"\(bound)\"} \(count)\n"
    }
    count = buckets.reduce(0, +)
    text += "drawbridge_\(name)_bucket{le=\"+Inf\"} \(count)\n"
    text += "drawbridge_\(name)_sum \(sum)\ndrawbridge_\(name)_count \(count)\n"
  }

  private mutating func head(_ name: String, _ help: String, _ type: String) {
    text += "# HELP drawbridge_\(name) \(help)\n# TYPE drawbridge_\(name) \(type)\n"
  }

  private mutating func lines(
    _ name: String, _ label: String, _ values: [String: some BinaryInteger]
  ) {
    for (key, value) in values.sorted(by: { $0.key < $1.key }) {
      text += "drawbridge_\(name){\(label)=\"\(key)\"} \(value)\n"
    }
  }
}
