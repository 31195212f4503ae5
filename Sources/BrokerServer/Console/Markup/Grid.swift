import ConnectionService

/// A table that becomes a list of cards on a narrow screen.
///
/// Laid out as blocks it is no table any more for some browsers: `listening.js` says that it is one.
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
    /// The device that it is about: buttons look for it around themselves.
    var product: ProductID?
    let cells: [HTML]
    /// Below the cells, over the whole width.
    var below: HTML?
  }

  let caption: String
  /// Of a table whose columns the style sheet knows: it labels the cells of cards, so that not every
  /// cell must.
  var className: String?
  let columns: [Column]
  let rows: [Row]
  /// Shown when there is no row.
  let empty: HTML

  var html: HTML {
    guard !rows.isEmpty else { return "<p class=\"empty\">\(empty)</p>" }
    let heads: [HTML] = columns.map {
      "<th scope=\"col\"\($0.classAttribute)>\($0.name)"
    }
    return """
      <table class="grid\(className.map { " \($0)" } ?? "")">
      <caption class="unseen">\(caption)</caption>
      <thead><tr>\(heads)
      \(rows.map(html))</table>
      """
  }

  /// HTML ends cells, rows and their groups where the next one begins.
  private func html(_ row: Row) -> HTML {
    let cells: [HTML] = zip(columns, row.cells).map { column, cell in
      let label: HTML = className == nil ? " data-label=\"\(column.name)\"" : .nothing
      return "<td\(label)\(column.classAttribute)>\(cell)\n"
    }
    let product: HTML = row.product.map { " data-product=\"\($0)\"" } ?? .nothing
    let below: HTML =
      row.below.map { "<tr><td colspan=\"\(columns.count)\">\($0)\n" } ?? .nothing
    return "<tbody id=\"\(row.id)\"\(product)><tr>\(cells)\(below)"
  }
}
