import Control
import Hummingbird
import HummingbirdCore
import Logging
import Synchronization

/// Serves a ``ControlService`` over HTTP on a UNIX socket that only its owner may use (mode 0600).
public struct ControlServer: Sendable {
  /// Connections at once; more wait in the socket's backlog.
  static let connectionsMax = 64
  /// Silence after which a connection is closed, in seconds.
  static let idleSeconds: Int64 = 30

  private let service: any ControlService
  private let socketPath: String
  private let logger: Logger

  public init(service: any ControlService, socketPath: String, logger: Logger) {
    self.service = service
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
    let socket = SharedSocket(try ControlSocket(claiming: socketPath))
    defer { socket.remove() }
    let responder = ControlResponder(service: service)
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
        socket.bound()
        await onReady()
      },
      logger: quiet)
    do {
      try await application.run()
    } catch is CancellationError {
      return
    } catch {
      throw ControlError(
        .unreachable, "the control socket \(socketPath) cannot be served: \(error)",
        cause: "the folder is not writable, or the path is too long",
        nextStep: "choose another path with --socket")
    }
  }
}

/// The socket's file, reached from the server's call-back and from the task that runs it.
private final class SharedSocket: Sendable {
  private let socket: Mutex<ControlSocket>

  init(_ socket: consuming sending ControlSocket) { self.socket = Mutex(socket) }

  func bound() { socket.withLock { $0.bound() } }
  func remove() { socket.withLock { $0.remove() } }
}
