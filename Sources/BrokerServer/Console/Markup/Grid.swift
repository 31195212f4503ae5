/// A table that becomes a list of cards on a narrow screen.
///
/// The roles are spelled out: a table that is laid out as blocks would lose them.
struct Grid {
  struct Column {
    let name: String
    var className = ""

    init(_ name: String, _ className: String = "") {
      self.name = name
      self.className = className
    }

    fileprivate var classAttribute: HTML {
      className.isEmpty ? .nothing : " class=\"\(className)\""
    }
  }

  struct Row {
    /// Unique on the page and the same whenever the row is shown again.
    let id: String
    let cells: [HTML]
    /// Below the cells, over the whole width.
    var below: HTML?
  }

  let caption: String
  let columns: [Column]
  let rows: [Row]
  /// Shown when there is no row.
  let empty: HTML

  var html: HTML {
    guard !rows.isEmpty else { return "<p class=\"empty\">\(empty)</p>" }
    let heads: [HTML] = columns.map {
      "<th role=\"columnheader\" scope=\"col\"\($0.classAttribute)>\($0.name)</th>"
    }
    return """
      <table role="table" class="grid">
      <caption class="unseen">\(caption)</caption>
      <thead role="rowgroup"><tr role="row">\(heads)</tr></thead>
      \(rows.map(html))
      </table>
      """
  }

  private func html(_ row: Row) -> HTML {
    let cells: [HTML] = zip(columns, row.cells).map { column, cell in
      """
      <td role="cell" data-label="\(column.name)"\(column.classAttribute)>\(cell)</td>

      """
    }
    let below: HTML =
      row.below.map { below in
        """
        <tr role="row" class="below"><td role="cell" colspan="\(columns.count)">\(below)</td></tr>

        """
      } ?? .nothing
    return """
      <tbody role="rowgroup" id="\(row.id)"><tr role="row">\(cells)</tr>
      \(below)</tbody>

      """
  }
}
