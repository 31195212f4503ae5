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
      \(user(of: connection)) \(age(of: connection)) \(.copyable(connection.id.text)) \
      \(closeButton(of: connection)) \(note(of: connection))</li>

      """
    }
    return "<ul>\(items)</ul>"
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
          id: connection.id.text, product: connection.productID,
          cells: [.moment(connection.requestedAt)] + device + [
            "<bdi>\(connection.user)</bdi>",
            "\(state(of: connection)) \(ending(of: connection)) \(closeButton(of: connection))",
            stood(connection), .copyable(connection.id.text),
          ], below: connection.note.map { "<q><bdi>\($0)</bdi></q>" })
      }, empty: empty)
  }

  func state(of connection: ConnectionView) -> HTML {
    let failed = connection.failure != nil
    let mark: StateMark =
      switch connection.phase {
      case .requested: .busy
      case .up: .up
      case .closing: .closing
      case .closed: failed ? .failed : .over
      }
    return .state(mark, failed ? "Never stood" : Words.phase(connection.phase))
  }

  private func user(of connection: ConnectionView) -> HTML {
    let name: HTML = "<bdi>\(connection.user)</bdi>"
    return connection.user == caller.user ? "<span>\(name) (you)</span>" : name
  }

  private func age(of connection: ConnectionView) -> HTML {
    let since = connection.upAt ?? connection.requestedAt
    return "<small>for \(HTML.duration(seconds: now.seconds(since: since)))</small>"
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
        "<br><small>\(failure.detail) <code>\(failure.code.rawValue)</code></small>"
      } ?? .nothing
    return reason + by + failure
  }

  private func note(of connection: ConnectionView) -> HTML {
    connection.note.map { "<q><bdi>\($0)</bdi></q>" } ?? .nothing
  }

  private func closeButton(of connection: ConnectionView) -> HTML {
    guard caller.mayClose(connection), connection.phase == .up || connection.phase == .requested
    else { return .nothing }
    return "<button data-do=\"close\">Close</button>"
  }
}

extension HTML {
  static func device(_ product: ProductID) -> HTML {
    "<a href=\"/console/devices/\(product)\">\(product)</a>"
  }
}
