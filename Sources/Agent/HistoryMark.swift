import ConnectionService

/// Which history of the device this is, and how far the broker has it; kept with the history.
///
/// The broker counts each history by its id. So lines of another agent with the same product id, or
/// of a history that is lost here, are never taken for lines of this one.
public struct HistoryMark: Hashable, Sendable {
  public private(set) var id: HistoryID
  /// The last line that the broker has stored.
  public private(set) var acknowledged: UInt64

  public init(id: HistoryID, acknowledged: UInt64 = 0) {
    self.id = id
    self.acknowledged = acknowledged
  }

  /// The broker has stored lines up to `sequence`; one that was restored from older times may have
  /// less than before.
  ///
  /// One that has more than it was ever told from here knows another copy of this history: this one
  /// is older, or a double. Its lines after the last that they have in common are reported as a
  /// history of their own.
  ///
  /// - Parameter reported: the last line that the answered report had, or stood behind.
  mutating func advance(
    through sequence: UInt64, reported: UInt64, using random: inout some RandomNumberGenerator
  ) {
    if sequence > reported {
      id = HistoryID(using: &random)
    } else {
      acknowledged = sequence
    }
  }
}
