import Broker
import ConnectionService
import Primitives

/// Connections, live and over, as the pages show them.
struct ConnectionsList {
  let caller: Caller
  let now: Timestamp

  /// Those of one device, below its line.
  func compact(_ connections: [ConnectionView]) -> HTML {
    let items: [HTML] = connections.map { connection in
      """
      <li id="\(connection.id)">\(state(of: connection))
      <span><bdi>\(connection.user)</bdi>\(connection.user == caller.user ? " (you)" : "")</span>
      \(age(of: connection)) \(.copyable(connection.id.text, called: "connection id"))
      <span>\(closeButton(of: connection))</span> <span>\(note(of: connection))</span></li>

      """
    }
    return "<ul class=\"connections\">\(items)</ul>"
  }

  func grid(
    _ connections: [ConnectionView], caption: String, empty: HTML, showsDevice: Bool = true
  ) -> Grid {
    Grid(
      caption: caption,
      columns: [Grid.Column("Asked for", "moment")]
        + (showsDevice ? [Grid.Column("Device")] : []) + [
          Grid.Column("User"), Grid.Column("State", "wide"), Grid.Column("Stood"),
          Grid.Column("Connection id", "id"),
        ],
      rows: connections.map { connection in
        let device: [HTML] = showsDevice ? [.device(connection.productID)] : []
        return Grid.Row(
          id: connection.id.text,
          cells: [.moment(connection.requestedAt)] + device + [
            "<bdi>\(connection.user)</bdi>",
            "\(state(of: connection)) \(ending(of: connection)) \(closeButton(of: connection))",
            stood(connection), .copyable(connection.id.text, called: "connection id"),
          ], below: connection.note.map { "<q><bdi>\($0)</bdi></q>" })
      }, empty: empty)
  }

  func state(of connection: ConnectionView) -> HTML {
    let failed = connection.failure != nil
    let (sign, name): (HTML, String) =
      switch connection.phase {
      case .requested: ("◌", "busy")
      case .up: ("▲", "good")
      case .closing: ("▽", "busy")
      case .closed: failed ? ("✕", "bad") : ("–", "rest")
      }
    let words = failed ? "Never stood" : Words.phase(connection.phase)
    return """
      <span class="state \(name)"><span aria-hidden="true">\(sign)</span> \(words)</span>
      """
  }

  private func age(of connection: ConnectionView) -> HTML {
    let since = connection.upAt ?? connection.requestedAt
    return "<span class=\"hint\">for \(HTML.duration(seconds: now.seconds(since: since)))</span>"
  }

  private func stood(_ connection: ConnectionView) -> HTML {
    guard let upAt = connection.upAt else { return "–" }
    return "\(HTML.duration(seconds: (connection.closedAt ?? now).seconds(since: upAt)))"
  }

  /// Why it ended, by whom, and what its user was told.
  private func ending(of connection: ConnectionView) -> HTML {
    let reason = connection.reason.map { reason -> HTML in "\(.reason(reason))" } ?? .nothing
    let by = connection.closedBy.map { " by <bdi>\($0)</bdi>" as HTML } ?? .nothing
    let failure =
      connection.failure.map { failure -> HTML in
        "<br><span class=\"hint\">\(failure.detail) <code>\(failure.code.rawValue)</code></span>"
      } ?? .nothing
    return reason + by + failure
  }

  private func note(of connection: ConnectionView) -> HTML {
    connection.note.map { "<q><bdi>\($0)</bdi></q>" } ?? .nothing
  }

  private func closeButton(of connection: ConnectionView) -> HTML {
    guard caller.mayClose(connection), connection.phase == .up || connection.phase == .requested
    else { return .nothing }
    return """
      <button type="button" class="act small" data-do="close" data-connection="\(connection.id)" \
      data-user="\(connection.user)" data-product="\(connection.productID)" \
      aria-label="Close connection \(connection.id) of \(connection.user)">Close</button>
      """
  }
}

extension HTML {
  static func device(_ product: ProductID) -> HTML {
    "<a href=\"/console/devices/\(product)\">\(product)</a>"
  }
}
