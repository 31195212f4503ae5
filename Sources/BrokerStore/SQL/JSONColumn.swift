import Foundation

/// Values that the database keeps but never looks into, as JSON texts.
enum JSONColumn {
  static func text(_ value: (some Encodable)?) throws(SQLFault) -> SQLValue {
    guard let value else { return .null }
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    do {
      return .text(String(decoding: try encoder.encode(value), as: UTF8.self))
    } catch {
      // The error is not told on: it may quote the value, which may hold credentials.
      throw .ours("a \(type(of: value)) cannot be written as JSON")
    }
  }

  static func value<Value: Decodable>(from text: String) throws(SQLFault) -> Value {
    do {
      return try JSONDecoder().decode(Value.self, from: Data(text.utf8))
    } catch {
      throw .ours("a \(Value.self) in the database cannot be read as JSON")
    }
  }
}
