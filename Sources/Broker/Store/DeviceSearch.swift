import ConnectionService

/// A part of a device's name or product id that somebody remembers.
///
/// The letters A to Z match in either case; every other character only itself, so that all stores
/// find the same, whatever their locale.
public struct DeviceSearch: Hashable, Sendable {
  /// The longest one there is, in bytes of UTF-8.
  public static let bytesMax = 64

  /// What is looked for, with `A-Z` in lower case; it is not empty.
  public let folded: String

  /// - Throws: `badRequest` for a text that is empty or too long.
  public init(_ text: String) throws(Refusal) {
    guard (1...Self.bytesMax).contains(text.utf8.count), !text.utf8.contains(0) else {
      throw Refusal(
        .badRequest, "The search is no text of 1 to \(Self.bytesMax) bytes.",
        cause: "It is empty or too long.",
        nextStep: "Search for a part of a device's name or product id.")
    }
    folded = String(decoding: Self.fold(text), as: UTF8.self)
  }

  /// Whether the device's name or product id has it in it.
  public func matches(_ device: DeviceRecord) -> Bool {
    let wanted = Array(folded.utf8)
    return [device.name, device.product.text].contains { Self.fold($0).contains(wanted) }
  }

  private static func fold(_ text: String) -> [UInt8] {
    text.utf8.map { (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains($0) ? $0 | 0x20 : $0 }
  }
}
