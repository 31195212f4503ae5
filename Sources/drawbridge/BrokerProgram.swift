import Broker
import BrokerServer
import BrokerStore
import ConnectionService
import Foundation
import LinuxIO
import Logging
import Primitives
import Relay
import Settings

/// A broker with its store opened: everything that has to be right before it serves.
struct BrokerProgram: Sendable {
  /// Where the first token was put; `nil` when the store had one already.
  let adminTokenPath: String?
  /// A TLS connection keeps two buffers, of 32 and 16 KiB, and a device's stream of heartbeats never
  /// touches more than the first page of each.
  private static let mappedBytesMin = 16 * 1024
  private let server: BrokerServer
  private let logger: Logger

  /// Makes the data folder, opens the store, and makes the first token where there is none.
  ///
  /// - Throws: `storeUnavailable` for a database that cannot be opened, `badRequest` for a folder
  ///   that cannot be made.
  init(_ configuration: BrokerConfiguration, logger: Logger) throws(Refusal) {
    self.logger = logger
    try Self.makeFolder(configuration.dataFolder)
    let store = try openStore(StoreLocation(configuration))
    guard let name = Name(configuration.name) else {
      throw Refusal(
        .badRequest, "“\(configuration.name)” is no broker's name",
        cause: "it begins with a dot or a hyphen", nextStep: "begin it with a letter or digit")
    }
    let policy = BrokerPolicy(configuration)
    adminTokenPath = try Self.start(
      Broker(name: name, store: store, policy: policy), in: configuration.dataFolder)
    var relays: [CarrierRelay] = []
    for relay in configuration.relays {
      relays.append(try CarrierRelay(relay, of: name, logger: logger))
    }
    server = BrokerServer(
      configuration: ServerConfiguration(configuration), name: name, store: store, policy: policy,
      waitForChange: { store.waitForChange(timeout: $0) }, residents: relays, logger: logger)
  }

  /// Serves until the task is cancelled.
  func run(
    onReady: @escaping @Sendable (BrokerServer.Ready) async -> Void
  ) async throws(Refusal) {
    // Without either it serves fewer devices, or takes more memory for them.
    try? ProcessResources.raiseDescriptorLimit()
    try? ProcessResources.mapAllocations(fromBytes: Self.mappedBytesMin)
    try await server.run { ready in
      logger.info("broker ready", metadata: ["url": "\(ready.url)"])
      // A manager that cannot be told is no reason to end.
      try? ServiceNotifier.fromEnvironment().ready()
      await onReady(ready)
    }
  }

  /// What the person who started it wants to know.
  func greeting(_ ready: BrokerServer.Ready) -> String {
    var lines = ["broker ready on \(ready.url), console at \(ready.url)/"]
    if let fingerprint = ready.fingerprint {
      lines.append("certificate's SHA-256: \(fingerprint)")
    }
    if let adminTokenPath { lines.append("first admin token in: \(adminTokenPath)") }
    return lines.joined(separator: "\n")
  }

  private static func makeFolder(_ path: String) throws(Refusal) {
    do {
      try FileManager.default.createDirectory(
        atPath: path, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
    } catch {
      throw Refusal(
        .badRequest, "the folder \(path) cannot be made: \(error.localizedDescription)",
        cause: "this user may not write there",
        nextStep: "name another one with --data or the key data")
    }
  }

  /// - Returns: where the first token lies, when one was made.
  private static func start(
    _ broker: Broker<SQLStore>, in folder: String
  ) throws(Refusal) -> String? {
    var random = SystemRandomNumberGenerator()
    guard let token = try broker.start(using: &random) else { return nil }
    let path = folder + "/admin.token"
    let isWritten = FileManager.default.createFile(
      atPath: path, contents: Data((token + "\n").utf8), attributes: [.posixPermissions: 0o600])
    guard isWritten else {
      throw Refusal(
        .badRequest, "the first admin token cannot be written to \(path)",
        cause: "the folder is not writable, or the disk is full",
        nextStep: "remove the database, which has nobody yet, and start again")
    }
    return path
  }
}

extension StoreLocation {
  init(_ configuration: BrokerConfiguration) {
    self =
      configuration.postgreSQL.map { secret in
        .postgreSQL(conninfo: secret.withBytes { String(decoding: $0, as: UTF8.self) })
      } ?? .sqlite(path: configuration.dataFolder + "/broker.sqlite")
  }
}

extension BrokerPolicy {
  init(_ configuration: BrokerConfiguration) {
    self.init(
      defaultParameters: Name(configuration.vpnCredentials).map {
        VPNParameters(gateway: configuration.vpnGateway, credentials: .named($0))
      })
    requests = Policy(configuration.policy)
  }
}

extension ServerConfiguration {
  init(_ configuration: BrokerConfiguration) {
    let security: Security =
      if configuration.isPlain {
        .plain
      } else if let files = configuration.certificate {
        .files(certificate: files.certificate, key: files.key)
      } else {
        .selfSigned(folder: configuration.dataFolder, hostNames: configuration.hostNames)
      }
    self.init(
      address: "\(configuration.address)", port: Int(configuration.port), security: security)
    eventsFile = configuration.eventsFile
    deadLetterFile = configuration.dataFolder + "/dead-letters.jsonl"
    metricsArePublic = configuration.metricsArePublic
    limits.connections = configuration.limits.connections
    limits.devices = configuration.limits.devices
    limits.eventStreams = configuration.limits.eventStreams
  }
}
