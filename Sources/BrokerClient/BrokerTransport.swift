import AsyncHTTPClient
import ConnectionService
import Foundation
import Logging
import NIOCore
import NIOSSL

/// The connections to one broker, with the credential that goes with every request.
///
/// Requests and streams have pools of their own: a stream that is silent for three heartbeats is
/// dead, a request may wait longer for its device.
final class BrokerTransport: Sendable {
  /// What an answer may weigh, in bytes.
  static let replyBytesMax = 8 * 1024 * 1024
  static let connectSeconds: Int64 = 10
  /// The broker's heartbeat, in seconds, and how many of them may fail to come.
  static let heartbeatSeconds: Int64 = 15
  static let heartbeatsMissedMax: Int64 = 3
  /// How long a connection waits for another request, in milliseconds. An agent reports every 30 s,
  /// and a connection that is kept costs the broker more than the device's stream; it ends here first,
  /// so that no request meets the broker's own end of it.
  static let idleMilliseconds: Int64 = 100

  /// The broker's address without a slash at its end.
  let base: String
  private let token: String
  private let requests: HTTPClient
  private let streams: HTTPClient
  private let logger: Logger

  init(address: BrokerAddress, token: String, logger: Logger) throws(Refusal) {
    base = try BrokerURL.checked(address.url)
    self.token = token
    self.logger = logger
    var configuration = try Self.configuration(trusting: address.trust)
    configuration.timeout.read = .seconds(BrokerClient.connectSeconds)
    requests = HTTPClient(eventLoopGroupProvider: .singleton, configuration: configuration)
    configuration.timeout.read = .seconds(Self.heartbeatSeconds * Self.heartbeatsMissedMax)
    streams = HTTPClient(eventLoopGroupProvider: .singleton, configuration: configuration)
  }

  deinit {
    // Each client keeps itself alive until it has closed its connections.
    _ = requests.shutdown()
    _ = streams.shutdown()
  }

  private static func configuration(
    trusting trust: BrokerAddress.Trust
  ) throws(Refusal) -> HTTPClient.Configuration {
    var configuration = HTTPClient.Configuration(redirectConfiguration: .disallow)
    configuration.httpVersion = .http1Only
    configuration.timeout.connect = .seconds(connectSeconds)
    // Who asks decides when to try again; a refused connection is told at once.
    configuration.connectionPool.retryConnectionEstablishment = false
    configuration.connectionPool.idleTimeout = .milliseconds(idleMilliseconds)
    try BrokerTrust.apply(trust, to: &configuration)
    return configuration
  }

  /// One request and the whole of its answer's body.
  ///
  /// - Throws: what the broker refused; `brokerUnreachable` when no answer came in time.
  func exchange(
    _ call: BrokerCall, withinSeconds seconds: Int64
  ) async throws(Refusal) -> [UInt8] {
    let status: UInt
    let body: [UInt8]
    do {
      (status, body) = try await Self.within(seconds: seconds) { [self] in
        let response = try await requests.execute(
          message(for: call), timeout: .seconds(seconds), logger: logger)
        return (response.status.code, try await Self.collect(response))
      }
    } catch let refusal as Refusal {
      throw refusal
    } catch {
      throw unreachable(error)
    }
    guard !(200..<300).contains(status) else { return body }
    throw Self.refusal(status: status, body: body)
  }

  /// Opens a stream of events and lends its body.
  func openStream(_ call: BrokerCall) async throws -> HTTPClientResponse.Body {
    let opened = call.with(header: "accept", "text/event-stream")
    let response: HTTPClientResponse
    do {
      response = try await streams.execute(
        message(for: opened), timeout: .seconds(BrokerClient.answerSeconds), logger: logger)
    } catch {
      throw unreachable(error)
    }
    guard response.status == .ok else {
      let body = try await Self.within(seconds: BrokerClient.answerSeconds) {
        try await Self.collect(response)
      }
      throw Self.refusal(status: response.status.code, body: body)
    }
    return response.body
  }

  private static func collect(_ response: HTTPClientResponse) async throws -> [UInt8] {
    Array(try await response.body.collect(upTo: replyBytesMax).readableBytesView)
  }

  private func message(for call: BrokerCall) -> HTTPClientRequest {
    var message = HTTPClientRequest(url: base + call.target)
    message.method = .init(rawValue: call.method.rawValue)
    if !token.isEmpty { message.headers.add(name: "authorization", value: "Bearer \(token)") }
    for header in call.headers { message.headers.add(name: header.name, value: header.value) }
    if let body = call.body {
      message.headers.add(name: "content-type", value: "application/json")
      message.body = .bytes(ByteBuffer(bytes: body))
    }
    return message
  }

  private static func refusal(status: UInt, body: [UInt8]) -> Refusal {
    guard let refusal = try? JSONDecoder().decode(Refusal.self, from: Data(body)) else {
      return .notUnderstood("status \(status)")
    }
    return refusal
  }

  /// Why there was no answer, and what to do.
  func unreachable(_ error: any Error) -> Refusal {
    if let refusal = error as? Refusal { return refusal }
    return .unreachable(base, error)
  }

  /// Runs `body`, but not longer than this.
  private static func within<Result: Sendable>(
    seconds: Int64, _ body: @escaping @Sendable () async throws -> Result
  ) async throws -> Result {
    try await withThrowingTaskGroup(of: Result.self) { group in
      group.addTask(operation: body)
      group.addTask {
        try await Task.sleep(for: .seconds(seconds))
        throw HTTPClientError.deadlineExceeded
      }
      defer { group.cancelAll() }
      guard let first = try await group.next() else { throw HTTPClientError.cancelled }
      return first
    }
  }
}
