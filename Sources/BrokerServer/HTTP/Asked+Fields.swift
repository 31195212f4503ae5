import ConnectionService
import HTTPTypes
import Primitives

extension Asked {
  private static let keyCharactersMax = 128
  private static let pageItemsDefault = 50
  private static let idempotencyKeyName = HTTPField.Name("Idempotency-Key")
  private static let preferName = HTTPField.Name("Prefer")
  private static let lastEventIDName = HTTPField.Name("Last-Event-ID")
  private static let instanceName = HTTPField.Name(AgentInstance.headerName)

  /// The device in the path; a text that is no product id names none.
  func product() throws(Refusal) -> ProductID {
    guard let product = ProductID(parameter) else {
      throw .badParameter("productID", "is no product id")
    }
    return product
  }

  func connectionID() throws(Refusal) -> ConnectionID {
    guard let id = ConnectionID(parameter) else {
      throw .badParameter("id", "is no connection id")
    }
    return id
  }

  /// A parameter of the query that is one of a kind of texts.
  func value<Value: LosslessStringConvertible>(
    _ name: String, _ type: Value.Type, called kind: String
  ) throws(Refusal) -> Value? {
    guard let text = query[name] else { return nil }
    guard let value = Value(text) else { throw .badParameter(name, "is no \(kind)") }
    return value
  }

  func choice<Value: RawRepresentable<String>>(
    _ name: String, _ type: Value.Type
  ) throws(Refusal) -> Value? {
    guard let text = query[name] else { return nil }
    guard let value = Value(rawValue: text) else {
      throw .badParameter(name, "is none of its values")
    }
    return value
  }

  /// How many items a page may have: 1 to 200.
  func limit() throws(Refusal) -> Int {
    guard let limit = try value("limit", Int.self, called: "whole number") else {
      return Self.pageItemsDefault
    }
    guard (1...Page<Grant>.itemsMax).contains(limit) else {
      throw .badParameter("limit", "is not between 1 and \(Page<Grant>.itemsMax)")
    }
    return limit
  }

  /// 1 to 128 visible ASCII characters.
  func idempotencyKey() throws(Refusal) -> String? {
    guard let name = Self.idempotencyKeyName, let key = headers[name] else { return nil }
    guard (1...Self.keyCharactersMax).contains(key.utf8.count),
      key.utf8.allSatisfy({ (0x21...0x7E).contains($0) })
    else {
      throw .badParameter("Idempotency-Key", "is not 1 to 128 visible ASCII characters")
    }
    return key
  }

  /// The run of the agent that asks; `nil` when it does not say.
  func agentInstance() throws(Refusal) -> AgentInstance? {
    guard let name = Self.instanceName, let text = headers[name] else { return nil }
    guard let instance = AgentInstance(text) else {
      throw .badParameter(
        AgentInstance.headerName,
        "is not 1 to \(AgentInstance.charactersMax) letters, digits and hyphens")
    }
    return instance
  }

  /// RFC 7240 §4.1.
  var prefersAsync: Bool {
    guard let name = Self.preferName, let preferences = headers[name] else { return false }
    return preferences.split(separator: ",").contains {
      $0.drop { $0 == " " }.prefix { $0 != ";" && $0 != " " }.lowercased() == "respond-async"
    }
  }

  var acceptsEventStream: Bool { headers[.accept]?.contains("text/event-stream") ?? false }

  /// Where a stream of events goes on.
  func lastEventID() throws(Refusal) -> UInt64? {
    guard let name = Self.lastEventIDName, let text = headers[name], !text.isEmpty else {
      return nil
    }
    return try Self.sequence(text, of: "Last-Event-ID")
  }

  /// The sequence of an event in the query.
  func sequence(_ name: String) throws(Refusal) -> UInt64? {
    guard let text = query[name] else { return nil }
    return try Self.sequence(text, of: name)
  }

  /// Stores count in 63 bits.
  private static func sequence(_ text: String, of name: String) throws(Refusal) -> UInt64 {
    guard let sequence = UInt64(text), sequence <= UInt64(Int64.max) else {
      throw .badParameter(name, "is no sequence of an event")
    }
    return sequence
  }
}
