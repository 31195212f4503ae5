import Foundation

/// The figures for people.
enum Table {
  static func text(of figures: [Figure]) -> String {
    let header = ["figure", "ours", "reference", "ratio", "target", "unit", "reference is"]
    let rows = [header] + figures.map(row)
    let widths = header.indices.map { column in rows.map { $0[column].count }.max() ?? 0 }
    return rows.map { row in
      row.indices.map { column in
        let space = String(repeating: " ", count: widths[column] - row[column].count)
        // Numbers to the right, words to the left.
        return (1...4).contains(column) ? space + row[column] : row[column] + space
      }.joined(separator: "  ").trimmingTrailingSpace
    }.joined(separator: "\n")
  }

  private static func row(_ figure: Figure) -> [String] {
    [
      figure.name, figure.ours.map(number) ?? "-", figure.reference.map(number) ?? "-",
      figure.ratio.map { String(format: "%.2f", $0) } ?? "-",
      figure.target.map { String(format: "%.2f", $0) } ?? "", figure.unit.rawValue,
      figure.referenceName,
    ]
  }

  private static func number(_ value: Double) -> String {
    value == 0 || value >= 100 ? String(format: "%.0f", value) : String(format: "%.2f", value)
  }
}

extension String {
  fileprivate var trimmingTrailingSpace: String {
    var text = self
    while text.last == " " { text.removeLast() }
    return text
  }
}
