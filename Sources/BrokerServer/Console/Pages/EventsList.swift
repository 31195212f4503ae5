import ConnectionService
import Primitives

/// Events as the pages show them.
struct EventsList {
  let events: [ServiceEvent]
  var showsDevice = true

  var grid: Grid {
    let device = [Grid.Column("Device")]
    return Grid(
      caption: "Events, the newest first",
      columns: [Grid.Column("Time", "moment"), Grid.Column("What", "wide")]
        + (showsDevice ? device : []) + [Grid.Column("By"), Grid.Column("Details", "wide")],
      rows: events.map(row), empty: "There is no such event.")
  }

  private func row(_ event: ServiceEvent) -> Grid.Row {
    let device: [HTML] = showsDevice ? [event.product.map(HTML.device) ?? "–"] : []
    return Grid.Row(
      id: "event-\(event.sequence)",
      cells: [.moment(event.time), what(event)] + device
        + ["<bdi>\(event.actor)</bdi>", details(of: event)])
  }

  private func what(_ event: ServiceEvent) -> HTML {
    let mark: StateMark =
      switch event.kind {
      case .connectionOpened, .tunnelOpened, .deviceAttached, .gatewayAttached: .up
      case .connectionFailed, .tunnelUnexpectedClose, .requestRefused: .failed
      case .connectionClosed, .tunnelClosed, .deviceDetached, .gatewayDetached: .over
      default: .plain
      }
    return "\(.state(mark, Words.kind(event.kind))) <code>\(event.kind.rawValue)</code>"
  }

  private func details(of event: ServiceEvent) -> HTML {
    var parts: [HTML] = []
    if let reason = event.reason { parts.append(.reason(reason)) }
    if let code = event.code { parts.append("<code>\(code.rawValue)</code>") }
    if let note = event.note { parts.append("<q><bdi>\(note)</bdi></q>") }
    if let seconds = event.durationSeconds {
      parts.append("after \(HTML.duration(seconds: seconds))")
    }
    if let bytes = event.bytes { parts.append("\(HTML.size(bytes: bytes))") }
    if let connection = event.connection { parts.append("<code>\(connection)</code>") }
    if let tunnel = event.tunnel { parts.append("<code>\(tunnel)</code>") }
    let spans: [HTML] = parts.map { "<span class=\"part\">\($0)</span> " }
    return "\(spans)"
  }
}
