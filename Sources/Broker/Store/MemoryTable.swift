/// Rows by key, with a way back to where they were when the transaction began.
struct MemoryTable<Key: Hashable, Row> {
  private var rows: [Key: Row] = [:]
  /// What every change since the beginning of the transaction has replaced, the oldest first.
  private var replaced: [(key: Key, row: Row?)] = []

  var count: Int { rows.count }

  subscript(key: Key) -> Row? {
    get { rows[key] }
    set {
      replaced.append((key, rows[key]))
      rows[key] = newValue
    }
  }

  /// The keys of the rows that `isWanted`, in no order: sort before use.
  func unorderedKeys(where isWanted: (Row) -> Bool) -> [Key] {
    rows.filter { isWanted($0.value) }.map(\.key)
  }

  mutating func commit() { replaced.removeAll(keepingCapacity: true) }

  mutating func rollBack() {
    for (key, row) in replaced.reversed() { rows[key] = row }
    commit()
  }
}

/// Rows that are only ever appended, with a way back to where they ended when the transaction began.
struct MemoryList<Row> {
  private(set) var rows: [Row] = []
  private var committedCount = 0

  mutating func append(_ row: Row) { rows.append(row) }

  mutating func commit() { committedCount = rows.count }

  mutating func rollBack() { rows.removeSubrange(committedCount...) }
}
