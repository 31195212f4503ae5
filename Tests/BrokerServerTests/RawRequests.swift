import AsyncHTTPClient
import Foundation
import NIOCore
import NIOSSL

/// A status, with the code of the refusal when it is one.
struct RawAnswer: Sendable, Equatable {
  let status: UInt
  let code: String?
  let headers: [String: String]
  let body: String
}

extension RunningBroker {
  /// Follows nothing, so that a test sees where it is led.
  private static let http = HTTPClient(
    eventLoopGroupProvider: .singleton,
    configuration: HTTPClient.Configuration(redirectConfiguration: .disallow))

  /// What the broker shows is not looked at here: it made its certificate itself.
  private static let https: HTTPClient = {
    var tls = TLSConfiguration.makeClientConfiguration()
    tls.certificateVerification = .none
    return HTTPClient(
      eventLoopGroupProvider: .singleton,
      configuration: HTTPClient.Configuration(
        tlsConfiguration: tls, redirectConfiguration: .disallow))
  }()

  /// The same over TLS.
  func secureSend(
    _ method: String, _ path: String, _ headers: [String: String], body: String? = nil
  ) async throws -> RawAnswer {
    try await send(method, path, headers: headers, body: body, over: Self.https)
  }

  /// A request as it is written here, whatever the broker thinks of it.
  func send(
    _ method: String, _ path: String, token: String? = nil, headers: [String: String] = [:],
    body: String? = nil
  ) async throws -> RawAnswer {
    try await send(method, path, token: token, headers: headers, body: body, over: Self.http)
  }

  private func send(
    _ method: String, _ path: String, token: String? = nil, headers: [String: String],
    body: String?, over client: HTTPClient
  ) async throws -> RawAnswer {
    var message = HTTPClientRequest(url: url + path)
    message.method = .init(rawValue: method)
    if let token { message.headers.add(name: "authorization", value: "Bearer \(token)") }
    if let body {
      message.body = .bytes(ByteBuffer(string: body))
      message.headers.add(
        name: "content-type", value: headers["content-type"] ?? "application/json")
    }
    for (name, value) in headers where name != "content-type" {
      message.headers.add(name: name, value: value)
    }
    let response = try await client.execute(message, timeout: .seconds(90))
    let bytes = try await response.body.collect(upTo: 1 << 22)
    let object = try? JSONSerialization.jsonObject(with: Data(bytes.readableBytesView))
    let code = (object as? [String: Any])?["code"] as? String
    let fields = response.headers.map { ($0.name.lowercased(), $0.value) }
    return RawAnswer(
      status: response.status.code, code: code,
      headers: Dictionary(fields) { first, _ in first },
      body: String(decoding: bytes.readableBytesView, as: UTF8.self))
  }
}
