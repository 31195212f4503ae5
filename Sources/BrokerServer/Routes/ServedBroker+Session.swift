import ConnectionService
import HTTPTypes
import Hummingbird

/// `POST /console/session`.
struct SessionRequest: Decodable {
  let token: String
}

/// Who the console is for.
struct SessionReply: Encodable {
  let user: Name
  let organisation: Name
  let role: Role
}

extension ServedBroker {
  private static let tokenCharactersMax = 256

  /// Puts a good token into a cookie that no script of a page can read.
  func openSession(_ asked: Asked, _ request: Request) async throws(Refusal) -> Response {
    try SameSite.require(request, isPlain: configuration.isPlain)
    if asked.isForm { return try await submitSession(asked, request) }
    return try await openSession(token: try asked.decode(SessionRequest.self).token, asked)
  }

  func openSession(token: String, _ asked: Asked) async throws(Refusal) -> Response {
    let isWritable = token.utf8.allSatisfy {
      (0x21...0x7E).contains($0) && $0 != UInt8(ascii: ";") && $0 != UInt8(ascii: "\"")
    }
    guard isWritable, token.utf8.count <= Self.tokenCharactersMax else {
      throw .badParameter("token", "is none")
    }
    let caller = try await perform(asked.presenting(.bearer(token))) {
      (_, caller) throws(Refusal) in
      try caller.requireReading()
      return caller
    }
    var response = try Answer.json(
      SessionReply(user: caller.user, organisation: caller.organisation, role: caller.role))
    response.headers[.setCookie] = cookie(token)
    return response
  }

  /// Forgets the cookie.
  func closeSession(_ request: Request) throws(Refusal) -> Response {
    try SameSite.require(request, isPlain: configuration.isPlain)
    var response = Answer.nothing
    response.headers[.setCookie] = cookie("") + "; Max-Age=0"
    return response
  }

  private func cookie(_ token: String) -> String {
    let secure = configuration.isPlain ? "" : "; Secure"
    return "\(Credential.cookieName)=\(token); Path=/; HttpOnly; SameSite=Strict" + secure
  }
}
