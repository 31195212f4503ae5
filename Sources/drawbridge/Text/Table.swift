/// How records of one kind are shown to people.
struct Table<Record> {
  struct Column {
    enum Alignment { case left, right }

    var title: String
    var alignment = Alignment.left
    /// Shown with `--details` only; `--json` has everything anyhow.
    var isDetail = false
    var value: (Record) -> String
  }

  /// What an empty list is called, e.g. `no tunnels`.
  var emptyText: String
  var columns: [Column]

  init(_ emptyText: String, _ columns: [Column]) {
    self.emptyText = emptyText
    self.columns = columns
  }

  /// An aligned table, a line a record; nothing is ever cut off, wide values widen their column.
  func render(_ records: [Record], colour: Bool = false) -> String {
    guard !records.isEmpty else { return emptyText }
    let shown = columns.filter { !$0.isDetail }
    let rows = records.map { record in shown.map { Self.cell($0.value(record)) } }
    let widths = shown.indices.map { index in
      rows.reduce(shown[index].title.count) { max($0, $1[index].count) }
    }
    let heading = line(shown.map(\.title), shown, widths)
    return
      ([colour ? "\u{1B}[1m\(heading)\u{1B}[0m" : heading]
      + rows.map { line($0, shown, widths) }).joined(separator: "\n")
  }

  /// A block a record, a line a field, with every field there is.
  func renderDetails(_ records: [Record]) -> String {
    guard !records.isEmpty else { return emptyText }
    let width = columns.map(\.title.count).max() ?? 0
    let blocks = records.map { record in
      columns.map { column in
        Self.padded(column.title, width, .left) + "  " + Self.cell(column.value(record))
      }.joined(separator: "\n")
    }
    return blocks.joined(separator: "\n\n")
  }

  private func line(_ cells: [String], _ columns: [Column], _ widths: [Int]) -> String {
    let padded = columns.indices.map { index in
      Self.padded(cells[index], widths[index], columns[index].alignment)
    }
    let line = padded.joined(separator: "  ")
    return String(line.reversed().drop { $0 == " " }.reversed())
  }

  private static func padded(_ text: String, _ width: Int, _ side: Column.Alignment) -> String {
    let blanks = String(repeating: " ", count: max(0, width - text.count))
    return side == .left ? text + blanks : blanks + text
  }

  /// A dash for nothing; characters that would move a terminal's cursor are spelled out, for names
  /// come from peers.
  private static func cell(_ text: String) -> String {
    guard !text.isEmpty else { return "-" }
    return text.unicodeScalars.reduce(into: "") { result, scalar in
      switch scalar.properties.generalCategory {
      case .control, .format, .lineSeparator, .paragraphSeparator, .unassigned, .privateUse:
        result += "\\u{\(String(scalar.value, radix: 16))}"
      default: result.unicodeScalars.append(scalar)
      }
    }
  }
}

extension Table.Column {
  init(_ title: String, detail: Bool = false, _ value: @escaping (Record) -> String) {
    self.init(title: title, isDetail: detail, value: value)
  }

  /// A column of numbers, aligned at the right.
  init(number title: String, detail: Bool = false, _ value: @escaping (Record) -> String) {
    self.init(title: title, alignment: .right, isDetail: detail, value: value)
  }
}
