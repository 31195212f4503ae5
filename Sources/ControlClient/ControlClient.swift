import AsyncHTTPClient
import Control
import Foundation
import NIOCore

/// Asks a running gateway or client over its UNIX socket.
///
/// It is a ``ControlService`` itself: the same methods, carried out elsewhere.
public struct ControlClient: ControlService {
  /// How long one request may take, in seconds.
  public static let timeoutSeconds: Int64 = 10

  private let socketPath: String
  /// What should have made the socket.
  private let program: String

  public init(socketPath: String) { self.init(socketPath: socketPath, of: "drawbridge gateway") }

  init(socketPath: String, of program: String) {
    self.socketPath = socketPath
    self.program = program
  }

  public func isakmpPolicies() async throws(ControlError) -> [ISAKMPPolicyRecord] {
    try await list(.isakmpPolicies)
  }

  public func isakmpExchanges() async throws(ControlError) -> [ISAKMPExchangeRecord] {
    try await list(.isakmpExchanges)
  }

  public func isakmpSAs() async throws(ControlError) -> [ISAKMPSARecord] {
    try await list(.isakmpSAs)
  }

  public func isakmpCounters() async throws(ControlError) -> [Counter] {
    try await list(.isakmpCounters)
  }

  public func ipsecSAs() async throws(ControlError) -> [IPsecSARecord] {
    try await list(.ipsecSAs)
  }

  public func l2tpDestinations() async throws(ControlError) -> [L2TPDestinationRecord] {
    try await list(.l2tpDestinations)
  }

  public func l2tpTunnels() async throws(ControlError) -> [L2TPTunnelRecord] {
    try await list(.l2tpTunnels)
  }

  public func l2tpSessions() async throws(ControlError) -> [L2TPSessionRecord] {
    try await list(.l2tpSessions)
  }

  public func pppLinks() async throws(ControlError) -> [PPPRecord] {
    try await list(.pppLinks)
  }

  public func grantsInForce() async throws(ControlError) -> GrantsReply { try await send(.grants) }

  public func close(_ target: CloseTarget, id: UInt64) async throws(ControlError) -> CloseReply {
    try await send(.close(target, id: id))
  }

  public func openSession(tunnel: UInt64) async throws(ControlError) -> OpenReply {
    try await send(.openSession(tunnel: tunnel))
  }

  public func version() async throws(ControlError) -> VersionReply { try await send(.version) }

  public func health() async throws(ControlError) -> HealthReply {
    // A process that is not ready says so with its status, and why in the body.
    try await send(.health, alsoAccepting: 503)
  }

  public func reload() async throws(ControlError) -> ReloadReply { try await send(.reload) }

  /// Asks for one of the lists and unwraps its object.
  private func list<Record: Codable & Hashable & Sendable>(
    _ list: ControlList
  ) async throws(ControlError) -> [Record] {
    let reply: ListReply<Record> = try await send(.list(list))
    return reply.items
  }

  /// Sends a request and reads its reply, or the error that came instead.
  ///
  /// - Parameter accepted: a status besides 2xx whose body is the reply too.
  private func send<Reply: Decodable & Sendable>(
    _ request: ControlRequest, alsoAccepting accepted: Int? = nil
  ) async throws(ControlError) -> Reply {
    try await send(request.method, request.path, alsoAccepting: accepted)
  }

  func send<Reply: Decodable & Sendable>(
    _ method: ControlRequest.Method, _ path: String, alsoAccepting accepted: Int? = nil
  ) async throws(ControlError) -> Reply {
    try requireListener()
    let (status, body) = try await exchange(method, path)
    do {
      if (200..<300).contains(status) || status == accepted {
        return try ControlJSON.decode(Reply.self, from: body)
      }
      throw try ControlJSON.decode(ControlError.self, from: body)
    } catch let error as ControlError {
      throw error
    } catch {
      throw ControlError(
        .cut, "the answer of \(socketPath) is not understood (status \(status))",
        cause: "the running process has another version, or is no drawbridge",
        nextStep: "compare drawbridge --version on both sides")
    }
  }

  /// One request on a connection of its own: a command asks once and ends.
  private func exchange(
    _ method: ControlRequest.Method, _ path: String
  ) async throws(ControlError) -> (status: Int, body: Data) {
    guard let url = URL(httpURLWithSocketPath: socketPath, uri: path) else {
      throw notListening(cause: "the path cannot be written as an address")
    }
    var message = HTTPClientRequest(url: url.absoluteString)
    message.method = .init(rawValue: method.rawValue)
    message.headers.add(name: "connection", value: "close")
    do {
      let response = try await HTTPClient.shared.execute(
        message, timeout: .seconds(Self.timeoutSeconds))
      let body = try await response.body.collect(upTo: ControlJSON.replyBytesMax)
      return (Int(response.status.code), Data(body.readableBytesView))
    } catch let error as HTTPClientError
      where error == .deadlineExceeded || error == .readTimeout || error == .connectTimeout
    {
      throw ControlError(
        .timedOut, "no answer on \(socketPath) within \(Self.timeoutSeconds) s",
        cause: "the process hangs or is overloaded", nextStep: "look at its log")
    } catch {
      throw ControlError(
        .cut, "the answer on \(socketPath) broke off: \(error)", cause: "the process is ending",
        nextStep: "ask again")
    }
  }

  /// Says what is wrong with the socket before HTTP is tried on it.
  private func requireListener() throws(ControlError) {
    switch LocalSocket(at: socketPath) {
    case .live: return
    case .absent: throw notListening(cause: "no process has made the socket")
    case .dead: throw notListening(cause: "the process that made the socket is gone")
    case .otherFile: throw notListening(cause: "the path leads to something that is no socket")
    case .forbidden:
      throw ControlError(
        .unreachable, "the socket \(socketPath) may not be used",
        cause: "it belongs to the user that the process runs as",
        nextStep: "ask as that user or as root, or name another one with --socket")
    }
  }

  /// Nobody is there: which socket was tried, why, and what to do.
  private func notListening(cause: String) -> ControlError {
    ControlError(
      .unreachable, "nothing is running on \(socketPath)", cause: cause,
      nextStep: "start \(program), or name its socket with --socket")
  }
}
