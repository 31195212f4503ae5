import ConnectionService
import Foundation

/// What a broker's address may look like.
enum BrokerURL {
  /// The address without a slash at its end.
  ///
  /// - Throws: `badRequest` for anything but `https://HOST[:PORT]`, or `http` on loopback.
  static func checked(_ text: String) throws(Refusal) -> String {
    guard let parts = URLComponents(string: text), let host = parts.host, !host.isEmpty,
      parts.user == nil, parts.query == nil, parts.fragment == nil,
      parts.path.isEmpty || parts.path == "/"
    else { throw refusal(text, "it is not of the form https://HOST[:PORT]") }
    switch parts.scheme {
    case "https": break
    case "http" where isLoopback(host): break
    case "http": throw refusal(text, "plain HTTP is for this machine only")
    default: throw refusal(text, "it does not begin with https://")
    }
    return text.hasSuffix("/") ? String(text.dropLast()) : text
  }

  private static func isLoopback(_ host: String) -> Bool {
    host == "localhost" || host == "::1" || host == "[::1]"
      || (host.hasPrefix("127.") && host.allSatisfy { $0.isNumber || $0 == "." })
  }

  private static func refusal(_ text: String, _ cause: String) -> Refusal {
    Refusal(
      .badRequest, "\(text) is no address of a broker", cause: cause,
      nextStep: "write it as https://broker.example.net:8443")
  }
}
