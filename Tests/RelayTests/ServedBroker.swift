import Broker
import BrokerClient
import BrokerServer
import BrokerStore
import ConnectionService
import Foundation
import Logging
import Primitives

/// A broker in a folder of its own, served on loopback with TLS until it is stopped; it can be started
/// again.
final class ServedBroker: Sendable {
  static let quiet = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }

  let adminToken: String
  let address: BrokerAddress
  private let port: Int
  private let folder: URL
  private let task: Task<Void, any Error>

  private init(
    adminToken: String, address: BrokerAddress, port: Int, folder: URL,
    task: Task<Void, any Error>
  ) {
    self.adminToken = adminToken
    self.address = address
    self.port = port
    self.folder = folder
    self.task = task
  }

  static func start(
    _ name: String, in folder: URL, again former: ServedBroker? = nil, requests: Policy = Policy(),
    residents: [any Resident] = []
  ) async throws -> ServedBroker {
    var policy = BrokerPolicy(
      defaultParameters: Name("default").map { VPNParameters(credentials: .named($0)) })
    policy.requests = requests
    let name = try Name(name).orFail()
    let store = try openStore(.sqlite(path: folder.path + "/broker.sqlite"))
    var random = SystemRandomNumberGenerator()
    let first = try Broker(name: name, store: store, policy: policy).start(using: &random)
    let token = try (first ?? former?.adminToken).orFail()
    let server = BrokerServer(
      configuration: ServerConfiguration(
        address: "127.0.0.1", port: former?.port ?? 0,
        security: .selfSigned(folder: folder.path, hostNames: [])),
      name: name, store: store, policy: policy, residents: residents, logger: quiet)
    let (ready, signal) = AsyncStream<BrokerServer.Ready>.makeStream()
    let task = Task {
      defer { signal.finish() }
      try await server.run { signal.yield($0) }
    }
    var facts = ready.makeAsyncIterator()
    guard let facts = await facts.next() else {
      try await task.value
      throw Missing()
    }
    return ServedBroker(
      adminToken: token,
      address: BrokerAddress(
        url: facts.url, trust: .fingerprint(try facts.fingerprint.orFail())),
      port: try Int(facts.url.split(separator: ":").last.orFail()).orFail(), folder: folder,
      task: task)
  }

  func stop() async {
    task.cancel()
    try? await task.value
  }

  func client(_ token: String? = nil) throws(Refusal) -> BrokerClient {
    try BrokerClient(address: address, token: token ?? adminToken, logger: Self.quiet)
  }

  /// A client of a new user.
  func person(_ user: String, _ role: Role = .operator) async throws -> BrokerClient {
    try client(try await token(user, role))
  }

  func token(_ user: String, _ role: Role = .operator) async throws -> String {
    let request = TokenRequest(user: try Name(user).orFail(), role: role)
    return try await client().createToken(request).token
  }

  func enrol(_ product: ProductID) async throws -> String {
    let code = try await client().createEnrolment(EnrolmentRequest(productID: product)).code
    return try await client("").enrol(EnrolRequest(code: code)).token
  }

  func events(_ kind: ServiceEvent.Kind) async throws -> [ServiceEvent] {
    var selection = EventSelection()
    selection.kind = kind
    return try await client().events(selection).items
  }

  /// Waits until the device is online, or offline, here.
  func awaitDevice(_ product: ProductID, online: Bool) async throws {
    for _ in 0..<600 {
      if let view = try? await client().device(product), view.online == online { return }
      try await Task.sleep(for: .milliseconds(100))
    }
    throw Missing()
  }

  /// Waits until the connection is closed here.
  func awaitEnd(_ id: ConnectionID) async throws -> ConnectionView {
    for _ in 0..<600 {
      let view = try await client().connection(id)
      if view.phase == .closed { return view }
      try await Task.sleep(for: .milliseconds(50))
    }
    throw Missing()
  }
}
