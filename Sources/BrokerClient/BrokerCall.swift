import ConnectionService
import Foundation

/// One request, before it has an address and a credential.
struct BrokerCall: Sendable {
  enum Method: String, Sendable {
    case get = "GET"
    case post = "POST"
    case delete = "DELETE"
  }

  var method: Method
  /// Below the broker's address, with a leading slash.
  var path: String
  /// Fields that are `nil` are left out.
  var query: [(name: String, value: String?)] = []
  var headers: [(name: String, value: String)] = []
  var body: [UInt8]?

  init(_ method: Method, _ path: String) {
    self.method = method
    self.path = path
  }

  func with(query: [(name: String, value: String?)]) -> BrokerCall {
    var call = self
    call.query = query
    return call
  }

  func with(header name: String, _ value: String?) -> BrokerCall {
    guard let value else { return self }
    var call = self
    call.headers.append((name, value))
    return call
  }

  func with(body: some Encodable) throws(Refusal) -> BrokerCall {
    var call = self
    call.body = try WireJSON.encode(body)
    return call
  }

  /// Path and query as they travel.
  var target: String {
    let pairs = query.compactMap { field in
      field.value.map { "\(field.name)=\(Self.escaped($0))" }
    }
    return pairs.isEmpty ? path : path + "?" + pairs.joined(separator: "&")
  }

  /// RFC 3986 §2.3: everything but unreserved characters is escaped.
  static func escaped(_ text: String) -> String {
    text.addingPercentEncoding(withAllowedCharacters: unreserved) ?? ""
  }

  private static let unreserved = CharacterSet(
    charactersIn: "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~")
}
