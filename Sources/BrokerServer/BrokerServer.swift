import Broker
import ConnectionService
import Cryptography
import Hummingbird
import HummingbirdCore
import Logging
import NIOSSL
import Primitives
import ServiceLifecycle

/// Serves a broker over HTTPS: the API, the streams, the console; and what runs beside them.
public struct BrokerServer: Sendable {
  /// What is known once connections are accepted.
  public struct Ready: Hashable, Sendable {
    /// `https://ADDRESS:PORT`, or `http` when it is plain.
    public let url: String
    /// SHA-256 of the certificate in hexadecimal; `nil` for plain HTTP.
    public let fingerprint: String?
  }

  /// Silence after which a connection without a request is closed, in seconds.
  static let idleSeconds: Int64 = 30
  /// What a request's head may have.
  static let headBytesMax = 16_384
  static let headFieldsMax = 64
  /// How long requests under way may take when the server ends, in seconds.
  static let shutdownSeconds: Int64 = 5

  private let configuration: ServerConfiguration
  private let rules: ServedRules
  private let waitForChange: (@Sendable (Duration) -> Bool)?
  private let residents: [any Resident]
  private let logger: Logger

  /// - Parameters:
  ///   - name: what devices' attachments and events call this broker.
  ///   - waitForChange: blocks until the store gives a sign of a change, or for so long; `nil` where
  ///     this broker is the only one on its store.
  ///   - residents: what runs in this process and plays devices of its own.
  public init(
    configuration: ServerConfiguration, name: Name, store: any Store, policy: BrokerPolicy,
    waitForChange: (@Sendable (Duration) -> Bool)? = nil, residents: [any Resident] = [],
    logger: Logger
  ) {
    self.configuration = configuration
    rules = Broker(name: name, store: ErasedStore(base: store), policy: policy)
    self.waitForChange = waitForChange
    self.residents = residents
    self.logger = logger
  }

  /// Serves until the task is cancelled; requests under way are answered first.
  ///
  /// - Parameter onReady: called once, when connections are accepted.
  /// - Throws: `badRequest` for a configuration that cannot be served: plain HTTP beyond loopback,
  ///   an unusable certificate, an address that is taken.
  public func run(
    onReady: @escaping @Sendable (Ready) async -> Void = { _ in }
  ) async throws(Refusal) {
    let certificate = try makeCertificate()
    let served = ServedBroker(configuration: configuration, rules: rules, logger: logger)
    let application = try makeApplication(served, certificate, onReady)
    var quiet = logger
    if logger.logLevel > .debug { quiet.logLevel = .critical }
    let failure = await withTaskGroup(of: Void.self) { group in
      for outlet in outlets(of: served) { group.addTask(operation: outlet) }
      let failure = await Self.runUntilCancelled(application, served, logger: quiet)
      group.cancelAll()
      return failure
    }
    await served.lanes.shutDown()
    if let failure { throw cannotServe(failure) }
  }

  /// What runs beside the requests until its task is cancelled.
  private func outlets(of served: ServedBroker) -> [@Sendable () async -> Void] {
    let pump = Pump(served: served, waitForChange: waitForChange)
    var outlets: [@Sendable () async -> Void] = [
      { await pump.run() }, { await served.census.run(served) },
      { await WebhookCourier(served: served).run() },
    ]
    var random = SystemRandom()
    let desk = DeviceDesk(served: served, instance: AgentInstance(using: &random))
    for resident in residents { outlets.append { await resident.run(desk) } }
    if let path = configuration.eventsFile {
      outlets.append { await EventsFile(path: path, served: served).run() }
    }
    return outlets
  }

  private func makeCertificate() throws(Refusal) -> ServerCertificate? {
    switch configuration.security {
    case .files(let certificate, let key):
      return try ServerCertificate(certificatePath: certificate, keyPath: key)
    case .selfSigned(let folder, let hostNames):
      let names = hostNames + [configuration.address, "localhost", "127.0.0.1", "::1"]
      var unique: [String] = []
      for name in names where !unique.contains(name) { unique.append(name) }
      return try ServerCertificate(selfSignedIn: folder, names: unique)
    case .plain:
      guard AddressBytes.isLoopback(configuration.address) else {
        throw Refusal(
          .badRequest, "Plain HTTP is not served on \(configuration.address).",
          cause: "Everybody on the way could read the tokens.",
          nextStep: "Serve HTTPS, or listen on 127.0.0.1.")
      }
      return nil
    }
  }

  private func makeApplication(
    _ served: ServedBroker, _ certificate: ServerCertificate?,
    _ onReady: @escaping @Sendable (Ready) async -> Void
  ) throws(Refusal) -> Application<BrokerResponder> {
    let http = HTTP1Channel.Configuration(
      idleTimeout: .seconds(Self.idleSeconds),
      httpDecoderConfiguration: .init(
        maxHeaderFieldSize: Self.headBytesMax / 2, maxHeaderListSize: Self.headBytesMax,
        maxHeaderFieldCount: Self.headFieldsMax))
    let tls: NIOSSLContext?
    do {
      tls = try certificate.map { try NIOSSLContext(configuration: $0.tls) }
    } catch {
      throw cannotServe("the certificate: \(error)")
    }
    let server = HTTPServerBuilder { responder in
      BrokerChannel(
        http: HTTP1Channel(responder: responder, configuration: http), tls: tls, served: served)
    }
    var quiet = logger
    // Its framework calls a cancelled accept an error; what matters here is thrown.
    if logger.logLevel > .debug { quiet.logLevel = .critical }
    let fingerprint = certificate?.fingerprint
    let address = configuration.address
    return Application(
      responder: BrokerResponder(served: served), server: server,
      configuration: ApplicationConfiguration(
        address: .hostname(address, port: configuration.port), backlog: 1024,
        availableConnectionsDelegate: MaximumAvailableConnections(
          configuration.limits.connections)),
      onServerRunning: { channel in
        let scheme = fingerprint == nil ? "http" : "https"
        let host = address.contains(":") ? "[\(address)]" : address
        let port = channel.localAddress?.port ?? 0
        await onReady(Ready(url: "\(scheme)://\(host):\(port)", fingerprint: fingerprint))
      },
      logger: quiet)
  }

  /// Cancellation becomes an orderly end: no new connections, streams say good-bye, requests are
  /// answered. Cancelling the framework outright traps in SwiftNIO when a connection was accepted
  /// that nobody serves any more.
  ///
  /// Returns why it could not be served; `nil` after an orderly end.
  private static func runUntilCancelled(
    _ application: some Service, _ served: ServedBroker, logger: Logger
  ) async -> String? {
    var configuration = ServiceGroupConfiguration(services: [application], logger: logger)
    configuration.maximumGracefulShutdownDuration = .seconds(shutdownSeconds)
    let group = ServiceGroup(configuration: configuration)
    // A task of its own does not inherit our cancellation.
    let running = Task { try await group.run() }
    do {
      try await withTaskCancellationHandler {
        try await running.value
      } onCancel: {
        Task {
          served.readinessState.ends()
          served.streams.endAll()
          await group.triggerGracefulShutdown()
        }
      }
      return nil
    } catch {
      return "\(error)"
    }
  }

  private func cannotServe(_ cause: String) -> Refusal {
    Refusal(
      .badRequest, "\(configuration.address):\(configuration.port) cannot be served.",
      cause: cause, nextStep: "Choose another address or port, or stop who has it.")
  }
}
