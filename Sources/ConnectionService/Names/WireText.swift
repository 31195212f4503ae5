/// A value that travels as one string and is checked when it arrives.
public protocol WireText: Codable, LosslessStringConvertible, Sendable {
  /// What people call it.
  static var wireName: String { get }
  var text: String { get }
  init?(_ text: String)
}

extension WireText {
  public var description: String { text }

  public init(from decoder: any Decoder) throws {
    let container = try decoder.singleValueContainer()
    guard let value = Self(try container.decode(String.self)) else {
      throw DecodingError.dataCorruptedError(
        in: container, debugDescription: "this is no \(Self.wireName)")
    }
    self = value
  }

  public func encode(to encoder: any Encoder) throws {
    var container = encoder.singleValueContainer()
    try container.encode(text)
  }
}
