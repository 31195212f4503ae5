import ConnectionService
import Foundation
import HTTPTypes
import Hummingbird
import NIOCore

/// A request that has found its route.
struct Asked: Sendable {
  let route: Route
  let parameters: [String]
  let query: [String: String]
  let headers: HTTPFields
  let context: ServedContext
  /// Empty for a route without one.
  let body: [UInt8]
  /// From the Authorization header, or from the console's cookie.
  private(set) var credential: Credential?

  /// Reads what the route needs, within its bounds.
  ///
  /// - Parameter isPlain: the server is without TLS.
  init(
    _ request: Request, route: Route, parameters: [String], context: ServedContext, isPlain: Bool
  ) async throws(Refusal) {
    self.route = route
    self.parameters = parameters
    self.context = context
    headers = request.headers
    credential = Credential(headers: request.headers)
    if route.needsToken, credential == nil { throw .noCredential }
    query = try Self.query(of: request, for: route)
    if case .cookie = credential, route.method != .get {
      try SameSite.require(request, isPlain: isPlain)
    }
    body = try await Self.body(of: request, for: route, context: context)
  }

  /// The same with another credential.
  func presenting(_ credential: Credential) -> Asked {
    var asked = self
    asked.credential = credential
    return asked
  }

  /// The body is that of a form of the console.
  var isForm: Bool { headers[.contentType]?.lowercased().hasPrefix(FormFields.mediaType) == true }

  /// The segment of the path that stands for a name; the route has it.
  var parameter: String { parameters.first ?? "" }

  /// The body as the route's request.
  ///
  /// - Parameter emptyAsObject: no body at all means that every field is missing.
  func decode<Value: Decodable>(
    _ type: Value.Type, emptyAsObject: Bool = false
  ) throws(Refusal) -> Value {
    do throws(JSONFault) {
      return try StrictDecoder.decode(
        type, from: body.isEmpty && emptyAsObject ? Array("{}".utf8) : body)
    } catch {
      throw .badField(error)
    }
  }

  private static func query(
    of request: Request, for route: Route
  ) throws(Refusal) -> [String: String] {
    // Files of the console are asked for with whatever a browser adds.
    guard let text = request.uri.query, route != .console, route != .home else { return [:] }
    var fields: [String: String] = [:]
    for pair in text.split(separator: "&") {
      let parts = pair.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
      let name = parts[0].removingPercentEncoding ?? ""
      guard route.queryNames.contains(name) else {
        throw .badParameter(String(name.prefix(64)), "is none of this request")
      }
      let raw = (parts.count > 1 ? String(parts[1]) : "").replacing("+", with: " ")
      guard let value = raw.removingPercentEncoding, !value.utf8.contains(0) else {
        throw .badParameter(name, "is not written right")
      }
      guard fields.updateValue(value, forKey: name) == nil else {
        throw .badParameter(name, "is there twice")
      }
    }
    return fields
  }

  private static func body(
    of request: Request, for route: Route, context: ServedContext
  ) async throws(Refusal) -> [UInt8] {
    let collected: ByteBuffer
    do {
      collected = try await request.body.collect(upTo: max(route.bodyBytesMax, 1024))
    } catch is NIOTooManyBytesError {
      // Whoever goes on sending is cut off once the answer is out.
      context.channel.eventLoop.scheduleTask(in: .seconds(2)) {
        context.channel.close(promise: nil)
      }
      throw .bodyTooLarge(route.bodyBytesMax)
    } catch {
      throw Refusal(
        .badRequest, "The body broke off.", cause: "The connection was lost.",
        nextStep: "Ask again.")
    }
    guard route.bodyBytesMax > 0, collected.readableBytes > 0 else { return [] }
    let type = request.headers[.contentType]?.lowercased().split(separator: ";").first
    let wanted = type?.trimmingCharacters(in: .whitespaces)
    guard wanted == "application/json" || (route == .openSession && wanted == FormFields.mediaType)
    else { throw .mediaTypeUnknown }
    return Array(collected.readableBytesView)
  }
}
