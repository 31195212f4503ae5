import ConnectionService

/// How far the events tell each history of a device.
///
/// Each is a count of its own: two agents with one product id write one each (CS-21), and so does a
/// device that lost its file. What decides is the history that a report is of, never who sent it.
public struct HistoryCounts: Hashable, Sendable {
  /// Histories that are known by name; the one that was not reported for longest is forgotten first.
  public static let namedMax = 16

  /// One history, and its last line that is in the events.
  public struct Count: Hashable, Sendable, Codable {
    public var id: HistoryID
    public var sequence: UInt64

    public init(id: HistoryID, sequence: UInt64) {
      self.id = id
      self.sequence = sequence
    }
  }

  /// Of reports that do not name their history.
  public private(set) var unnamed: UInt64
  /// The one that was reported last stands last.
  public private(set) var named: [Count]

  public init(unnamed: UInt64 = 0, named: [Count] = []) {
    self.unnamed = unnamed
    self.named = named
  }

  /// The last line that is in the events; zero when there is none.
  public subscript(id: HistoryID?) -> UInt64 {
    guard let id else { return unnamed }
    return named.last { $0.id == id }?.sequence ?? 0
  }

  /// Lines up to this one are in the events.
  public mutating func set(_ sequence: UInt64, of id: HistoryID?) {
    guard let id else {
      unnamed = sequence
      return
    }
    named.removeAll { $0.id == id }
    named.append(Count(id: id, sequence: sequence))
    named.removeFirst(max(0, named.count - Self.namedMax))
  }
}
