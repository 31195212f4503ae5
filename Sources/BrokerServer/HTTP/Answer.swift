import ConnectionService
import Foundation
import HTTPTypes
import Hummingbird
import NIOCore

/// Makes responses: JSON, problems, text.
enum Answer {
  static func json(
    _ value: some Encodable, status: Int = 200, type: String = "application/json"
  ) throws(Refusal) -> Response {
    Response(
      status: .init(code: status), headers: [.contentType: type],
      body: ResponseBody(byteBuffer: ByteBuffer(bytes: try encode(value))))
  }

  static func text(_ text: String, status: Int = 200, type: String) -> Response {
    Response(
      status: .init(code: status), headers: [.contentType: type],
      body: ResponseBody(byteBuffer: ByteBuffer(string: text)))
  }

  static func bytes(_ bytes: [UInt8], type: String) -> Response {
    Response(
      status: .ok, headers: [.contentType: type],
      body: ResponseBody(byteBuffer: ByteBuffer(bytes: bytes)))
  }

  static var nothing: Response { Response(status: .noContent) }

  /// A refusal; `status` where the code's own does not fit.
  static func problem(_ refusal: Refusal, status: Int? = nil) -> Response {
    let status = status ?? Problem.status(of: refusal.code)
    var headers: HTTPFields = [.contentType: Problem.mediaType]
    if let seconds = Problem.retryAfterSeconds(refusal.code) {
      headers[.retryAfter] = "\(seconds)"
    }
    if status == 401 { headers[.wwwAuthenticate] = "Bearer" }
    let body = (try? encode(Problem(refusal, status: status))) ?? Data()
    return Response(
      status: .init(code: status), headers: headers,
      body: ResponseBody(byteBuffer: ByteBuffer(bytes: body)))
  }

  static func encode(_ value: some Encodable) throws(Refusal) -> Data {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    do {
      return try encoder.encode(value)
    } catch {
      throw Refusal(
        .internalError, "The answer cannot be written.", cause: "A fault of the broker.",
        nextStep: "Report it.")
    }
  }

  /// What goes with every answer.
  static func secure(_ response: Response) -> Response {
    var response = response
    let policy = "default-src 'none'; frame-ancestors 'none'"
    for (name, value) in [
      (HTTPField.Name.cacheControl, "no-store"), (.xContentTypeOptions, "nosniff"),
      (.contentSecurityPolicy, policy),
    ] where response.headers[name] == nil {
      response.headers[name] = value
    }
    for (name, value) in plainHeaders {
      guard let name = HTTPField.Name(name) else { continue }
      response.headers[name] = value
    }
    return response
  }

  private static let plainHeaders = [
    ("Referrer-Policy", "no-referrer"), ("X-Frame-Options", "DENY"),
  ]
}
