import ConnectionService
import Foundation

/// Names and values as browsers write them (application/x-www-form-urlencoded); empty ones are not
/// there, and of two of one name the first counts.
struct FormFields: Sendable {
  static let mediaType = "application/x-www-form-urlencoded"
  private static let fieldsMax = 32

  private var values: [String: String] = [:]

  init(parsing text: some StringProtocol) {
    for pair in text.split(separator: "&").prefix(Self.fieldsMax) {
      let parts = pair.split(separator: "=", maxSplits: 1)
      guard parts.count == 2, let name = Self.decode(parts[0]), let value = Self.decode(parts[1]),
        values[name] == nil, !value.utf8.contains(0)
      else { continue }
      values[name] = value
    }
  }

  subscript(_ name: String) -> String? { values[name] }

  /// The field as one of a kind of texts.
  ///
  /// - Throws: `badRequest` for a text that is none of them.
  func value<Value: LosslessStringConvertible>(
    _ name: String, _ type: Value.Type, called kind: String
  ) throws(Refusal) -> Value? {
    guard let text = values[name] else { return nil }
    guard let value = Value(text) else { throw .badParameter(name, "is no \(kind)") }
    return value
  }

  func choice<Value: RawRepresentable<String>>(
    _ name: String, _ type: Value.Type
  ) throws(Refusal) -> Value? {
    guard let text = values[name] else { return nil }
    guard let value = Value(rawValue: text) else {
      throw .badParameter(name, "is none of its values")
    }
    return value
  }

  /// The fields `names`, and those of `others`, as a query.
  func query(of names: [String], and others: [(String, String)] = []) -> String {
    let kept = names.compactMap { name in values[name].map { (name, $0) } }
    let pairs = (kept + others).map { "\($0)=\(Self.encode($1))" }
    return pairs.isEmpty ? "" : "?" + pairs.joined(separator: "&")
  }

  private static func decode(_ text: Substring) -> String? {
    text.replacing("+", with: " ").removingPercentEncoding
  }

  private static func decode(_ text: some StringProtocol) -> String? { decode(Substring(text)) }

  private static func encode(_ text: String) -> String {
    text.addingPercentEncoding(withAllowedCharacters: unreserved) ?? ""
  }

  /// RFC 3986 §2.3.
  private static let unreserved = CharacterSet(
    charactersIn: "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~")
}
