import AsyncHTTPClient
import ConnectionService
import Logging

/// Asks a broker over HTTPS: one method for each route of its API.
///
/// Copies share their connections; those are closed with the last copy. Every method throws what
/// the broker refused, and `brokerUnreachable` when no answer came.
public struct BrokerClient: Sendable {
  /// Seconds of silence after which an answer that nobody has to work for is given up.
  static let answerSeconds: Int64 = 15
  /// Seconds for a connect, which waits for the device: more than the broker itself waits.
  static let connectSeconds: Int64 = 75

  let transport: BrokerTransport

  /// - Parameters:
  ///   - token: the credential; empty where none exists yet, for ``enrol(_:)`` only.
  ///   - logger: told of connections at `debug` and finer; never of credentials.
  /// - Throws: `badRequest` for an address that is none, for plain HTTP beyond loopback, and for
  ///   authorities that cannot be read.
  public init(address: BrokerAddress, token: String, logger: Logger) throws(Refusal) {
    transport = try BrokerTransport(address: address, token: token, logger: logger)
  }

  /// Asks and reads the answer.
  func ask<Reply: Decodable & Sendable>(
    _ call: BrokerCall, withinSeconds seconds: Int64 = answerSeconds
  ) async throws(Refusal) -> Reply {
    let body = try await transport.exchange(call, withinSeconds: seconds)
    return try WireJSON.decode(Reply.self, from: body)
  }

  /// Asks where the answer has no content.
  func tell(_ call: BrokerCall) async throws(Refusal) {
    _ = try await transport.exchange(call, withinSeconds: Self.answerSeconds)
  }
}

extension BrokerClient: CustomStringConvertible, CustomReflectable {
  /// Never the token.
  public var description: String { "<client of \(transport.base)>" }
  public var customMirror: Mirror { Mirror(self, children: ["broker": transport.base]) }
}
