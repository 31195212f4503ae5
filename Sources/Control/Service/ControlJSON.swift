import Foundation

/// How requests and replies are written: JSON with sorted keys, absent values left out.
public enum ControlJSON {
  /// The largest request body that is read; no request needs one.
  public static let requestBytesMax = 64 * 1024
  /// The largest reply that a client reads: 100,000 sessions and then some.
  public static let replyBytesMax = 128 << 20

  /// - Parameter pretty: with line breaks and indentation, for `--json` on a terminal or in a file.
  public static func encode(_ value: some Encodable, pretty: Bool = false) throws -> Data {
    let encoder = JSONEncoder()
    encoder.outputFormatting =
      pretty
      ? [.sortedKeys, .withoutEscapingSlashes, .prettyPrinted]
      : [.sortedKeys, .withoutEscapingSlashes]
    return try encoder.encode(value)
  }

  public static func decode<Value: Decodable>(_ type: Value.Type, from data: Data) throws -> Value {
    try JSONDecoder().decode(type, from: data)
  }
}
