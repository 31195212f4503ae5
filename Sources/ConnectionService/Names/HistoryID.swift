/// Names one history of a device (CS-15), e.g. `h-5w2c…`: the file in which an agent counts its lines.
///
/// A device that lost its file begins another history; two agents with one product id have one each.
/// Lines are the same only where this and their number are.
public struct HistoryID: Hashable, Sendable {
  private static let prefix = "h-"
  public let text: String

  /// `nil` for a text that is no history's.
  public init?(_ text: String) {
    guard text.hasPrefix(Self.prefix), RandomID.isValid(text.dropFirst(2)) else { return nil }
    self.text = text
  }

  /// A new one.
  public init(using random: inout some RandomNumberGenerator) {
    text = Self.prefix + RandomID.make(using: &random)
  }

  /// A carrier's record of a device, told from any other by the first event that it has of it: `nil`
  /// for an event without a hash.
  public init?(recordThatBeginsWith event: ServiceEvent) {
    self.init(Self.prefix + event.hash.prefix(RandomID.characters))
  }
}

extension HistoryID: WireText {
  public static var wireName: String { "history id" }
}
