/// Names one device: 1 to 64 characters of `A-Z a-z 0-9 . _ -`, beginning with a letter or digit.
public struct ProductID: Hashable, Comparable, Sendable {
  public let text: String

  /// `nil` for a text that is no product id.
  public init?(_ text: String) {
    guard Name.isValid(text) else { return nil }
    self.text = text
  }

  public static func < (left: ProductID, right: ProductID) -> Bool { left.text < right.text }
}

extension ProductID: WireText {
  public static var wireName: String { "product id" }
}
