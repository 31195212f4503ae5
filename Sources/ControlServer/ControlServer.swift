import Control
import Hummingbird
import HummingbirdCore
import Logging
import ServiceLifecycle
import Synchronization

/// Serves a ``ControlService`` or an ``AgentControl`` over HTTP on a UNIX socket that only its owner may use (mode 0600).
public struct ControlServer: Sendable {
  /// Connections at once; more wait in the socket's backlog.
  static let connectionsMax = 64
  /// Silence after which a connection is closed, in seconds.
  static let idleSeconds: Int64 = 30
  /// How long requests under way may take when the server ends, in seconds.
  static let shutdownSeconds: Int64 = 2

  private let responder: CallbackResponder<BasicRequestContext>
  private let socketPath: String
  private let logger: Logger

  public init(service: any ControlService, socketPath: String, logger: Logger) {
    let responder = ControlResponder(service: service)
    self.responder = CallbackResponder { try await responder.respond(to: $0, context: $1) }
    self.socketPath = socketPath
    self.logger = logger
  }

  public init(agent: any AgentControl, socketPath: String, logger: Logger) {
    let responder = AgentResponder(agent: agent)
    self.responder = CallbackResponder { try await responder.respond(to: $0, context: $1) }
    self.socketPath = socketPath
    self.logger = logger
  }

  /// Serves until the task is cancelled, and leaves no socket behind.
  ///
  /// - Parameter onReady: called once, when connections are accepted.
  /// - Throws: `refused` when another live process has the path, `unreachable` when it cannot be
  ///   bound.
  public func run(
    onReady: @escaping @Sendable () async -> Void = {}
  ) async throws(ControlError) {
    let claim = SharedClaim(try await ControlSocket(claiming: socketPath))
    defer { claim.release() }
    var quiet = logger
    // Its framework calls a cancelled accept an error; what matters here is thrown.
    if logger.logLevel > .debug { quiet.logLevel = .critical }
    let application = Application(
      responder: responder,
      server: .http1(configuration: .init(idleTimeout: .seconds(Self.idleSeconds))),
      configuration: ApplicationConfiguration(
        address: .unixDomainSocket(path: socketPath), backlog: Self.connectionsMax,
        availableConnectionsDelegate: MaximumAvailableConnections(Self.connectionsMax)),
      onServerRunning: { _ in
        claim.bound()
        await onReady()
      },
      logger: quiet)
    do {
      try await Self.runUntilCancelled(application, logger: quiet)
    } catch {
      throw ControlError(
        .unreachable, "the control socket \(socketPath) cannot be served: \(error)",
        cause: "the folder is not writable, or the path is too long",
        nextStep: "choose another path with --socket")
    }
  }

  /// Cancellation becomes an orderly end: the framework stops accepting, answers what it has, and
  /// only then gives up. Cancelling it outright traps in SwiftNIO when a connection was accepted
  /// that nobody serves any more.
  private static func runUntilCancelled(_ service: some Service, logger: Logger) async throws {
    var configuration = ServiceGroupConfiguration(services: [service], logger: logger)
    configuration.maximumGracefulShutdownDuration = .seconds(shutdownSeconds)
    let group = ServiceGroup(configuration: configuration)
    // A task of its own does not inherit our cancellation.
    let running = Task { try await group.run() }
    try await withTaskCancellationHandler {
      try await running.value
    } onCancel: {
      Task { await group.triggerGracefulShutdown() }
    }
  }
}

/// The claim, reached from the server's call-back and from the task that runs it.
private final class SharedClaim: Sendable {
  private let claim: Mutex<ControlSocket>

  init(_ socket: consuming sending ControlSocket) { claim = Mutex(socket) }

  func bound() { claim.withLock { $0.bound() } }
  func release() { claim.withLock { $0.release() } }
}
