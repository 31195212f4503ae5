import ConnectionService

/// How the broker's copy of the device's history stands; kept with the history.
///
/// The broker counts lines through the whole life of a product id. A device that lost its history
/// counts from 1 again: what it reports then goes on behind the lines that the broker has.
public struct HistoryMark: Hashable, Sendable {
  /// No history is as long; what a broker says beyond is ignored.
  static let sequenceMax = UInt64(Int64.max / 2)

  /// The last line that the broker has stored, by the sequences of this history.
  public private(set) var acknowledged: UInt64
  /// How far reports count ahead of this history.
  public private(set) var offset: UInt64

  public init(acknowledged: UInt64 = 0, offset: UInt64 = 0) {
    self.acknowledged = acknowledged
    self.offset = min(offset, Self.sequenceMax)
  }

  /// Lines of this history as a report has them.
  public func reported(_ lines: [HistoryEvent]) -> [HistoryEvent] {
    lines.map { line in
      var line = line
      line.sequence &+= offset
      return line
    }
  }

  /// The broker has stored lines up to `sequence`, as reports count them.
  ///
  /// - Parameter reportedMax: the last that it can have from this history; one that has more counts
  ///   lines which are lost here. One that was restored from older times may have less than before.
  mutating func advance(through sequence: UInt64, reportedMax: UInt64) {
    guard sequence <= Self.sequenceMax else { return }
    if sequence > reportedMax {
      offset = sequence &- acknowledged
    } else {
      acknowledged = sequence > offset ? sequence &- offset : 0
    }
  }
}
