import ConnectionService
import HTTPTypes
import Hummingbird

/// What a request proves itself with.
enum Credential: Sendable {
  case bearer(String)
  /// The console's; the browser sends it by itself, so that other sites could make it do so.
  case cookie(String)

  static let cookieName = "drawbridge_session"

  init?(headers: HTTPFields) {
    if let authorization = headers[.authorization] {
      let parts = authorization.split(separator: " ", maxSplits: 1)
      guard parts.count == 2, parts[0].lowercased() == "bearer" else { return nil }
      self = .bearer(String(parts[1]))
      return
    }
    for pair in (headers[.cookie] ?? "").split(separator: ";") {
      let parts = pair.split(separator: "=", maxSplits: 1)
      guard parts.count == 2, parts[0].drop(while: { $0 == " " }) == Self.cookieName else {
        continue
      }
      self = .cookie(String(parts[1]))
      return
    }
    return nil
  }

  var token: String {
    switch self {
    case .bearer(let token), .cookie(let token): token
    }
  }
}

extension Credential: CustomStringConvertible, CustomReflectable {
  /// Never the token.
  var description: String { "<credential>" }
  var customMirror: Mirror { Mirror(self, children: [:]) }
}

/// Whether a browser sends a request for a page of ours.
enum SameSite {
  private static let secFetchSite = HTTPField.Name("Sec-Fetch-Site")

  /// - Parameter isPlain: served without TLS; a proxy before us may still speak it.
  /// - Throws: `forbidden` unless the browser says that it comes from our own origin.
  static func require(_ request: Request, isPlain: Bool) throws(Refusal) {
    if let name = secFetchSite, let site = request.headers[name] {
      guard site == "same-origin" else { throw .crossSite }
      return
    }
    // The whole text, as browsers write it (RFC 6454 §6.1). A page that came without TLS is not one
    // of ours where ours come with it: somebody on the way could have made it.
    guard let origin = request.headers[.origin], let host = request.head.authority,
      origin == "https://\(host)" || (isPlain && origin == "http://\(host)")
    else { throw .crossSite }
  }
}
