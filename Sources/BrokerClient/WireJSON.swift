import ConnectionService
import Foundation

/// JSON as it travels to and from a broker.
enum WireJSON {
  static func encode(_ value: some Encodable) throws(Refusal) -> [UInt8] {
    do {
      return Array(try JSONEncoder().encode(value))
    } catch {
      throw Refusal(
        .internalError, "the request cannot be written: \(error)", cause: "a fault of this program",
        nextStep: "report it")
    }
  }

  static func decode<Value: Decodable>(
    _ type: Value.Type, from bytes: [UInt8]
  ) throws(Refusal) -> Value {
    do {
      return try JSONDecoder().decode(type, from: Data(bytes))
    } catch {
      throw .notUnderstood("it is no \(type)")
    }
  }
}

extension Refusal {
  /// Something answered that is no broker of our version.
  static func notUnderstood(_ why: String) -> Refusal {
    Refusal(
      .brokerUnreachable, "the broker's answer is not understood: \(why)",
      cause: "another program answers there, or a broker of another version",
      nextStep: "check the address, and compare drawbridge --version on both sides")
  }
}
