import Broker
import BrokerClient
import BrokerStore
import ConnectionService
import Foundation
import Logging
import Primitives

@testable import BrokerServer

/// A broker that is served on loopback for as long as a test lasts.
struct RunningBroker: Sendable {
  let url: String
  let fingerprint: String?
  /// The first administrator's token.
  let adminToken: String
  /// The rules on the same store, for what a test does behind the server's back.
  let rules: Broker<SQLStore>
  let folder: URL
  static let quiet = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }

  /// Serves on SQLite, runs `body`, and ends the server in order.
  static func run(
    plain: Bool = false, policy: BrokerPolicy = .forTests,
    configured: (inout ServerConfiguration, URL) -> Void = { _, _ in },
    _ body: @escaping @Sendable (RunningBroker) async throws -> Void
  ) async throws {
    let folder = FileManager.default.temporaryDirectory
      .appendingPathComponent("broker-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    var configuration = ServerConfiguration(
      address: "127.0.0.1", port: 0,
      security: plain
        ? .plain : .selfSigned(folder: folder.path, hostNames: ["broker.example.net"]))
    configured(&configuration, folder)
    let name = try Name("b1").orFail()
    let store = try openStore(.sqlite(path: folder.path + "/broker.sqlite"))
    let rules = Broker(name: name, store: store, policy: policy)
    var random = SystemRandomNumberGenerator()
    let token = try rules.start(using: &random).orFail()
    let server = BrokerServer(
      configuration: configuration, name: name, store: store, policy: policy, logger: quiet)
    let (ready, signal) = AsyncStream<BrokerServer.Ready>.makeStream()
    try await withThrowingTaskGroup(of: Void.self) { group in
      group.addTask {
        defer { signal.finish() }
        try await server.run { signal.yield($0) }
      }
      for await facts in ready {
        do {
          try await body(
            RunningBroker(
              url: facts.url, fingerprint: facts.fingerprint, adminToken: token, rules: rules,
              folder: folder))
        } catch {
          group.cancelAll()
          throw error
        }
        break
      }
      group.cancelAll()
      try await group.waitForAll()
    }
  }

  var trust: BrokerAddress.Trust { fingerprint.map { .fingerprint($0) } ?? .system }

  /// A client with this token; the administrator's when none is named.
  func client(_ token: String? = nil) throws(Refusal) -> BrokerClient {
    try BrokerClient(
      address: BrokerAddress(url: url, trust: trust), token: token ?? adminToken,
      logger: Self.quiet)
  }

  /// A token of `role` in the administrator's organisation.
  func token(_ user: String, _ role: Role) async throws -> String {
    let request = TokenRequest(user: try Name(user).orFail(), role: role)
    return try await client().createToken(request).token
  }

  /// Enrols a device, and gives its token.
  func enrol(_ product: ProductID) async throws -> String {
    let code = try await client().createEnrolment(EnrolmentRequest(productID: product)).code
    return try await client("").enrol(EnrolRequest(code: code)).token
  }
}

extension BrokerPolicy {
  /// With parameters that every connect may leave out.
  static var forTests: BrokerPolicy {
    BrokerPolicy(
      defaultParameters: Name("default").map { VPNParameters(credentials: .named($0)) })
  }
}

struct Missing: Error {}

extension Optional {
  /// The value, where a test needs one.
  func orFail() throws -> Wrapped {
    guard let self else { throw Missing() }
    return self
  }
}
