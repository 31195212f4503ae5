import ArgumentParser
import BrokerClient
import BrokerServer
import ConnectionService
import Control
import Foundation
import Primitives
import Settings

/// `drawbridge up`: broker, console and gateway on this host, with defaults of their own.
struct UpCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "up",
    abstract: "Start a broker with its console and a gateway here, and say what to do next.",
    discussion: """
      Everything lies in one folder: configuration, secrets, database. Files that are there already \
      are used as they are. Needs root for the gateway's ports and its TUN interface.
      """)

  @Option(
    help: ArgumentHelp("Where everything is kept.", valueName: "folder"), completion: .directory)
  var folder = "drawbridge-up"

  @Option(
    help: ArgumentHelp(
      "The address that devices and operators reach this host at.", valueName: "address"))
  var address = "127.0.0.1"

  @Option(help: "The broker's port.")
  var port: UInt16 = 8443

  func run() async throws {
    guard IPAddress(address) != nil else {
      throw ValidationError("“\(address)” is not an IP address")
    }
    let folder = try UpFolder(path: folder, address: address)
    try folder.prepareBroker(port: Int(port))
    let loaded = try ConfigurationLoader.broker(
      file: ConfigurationFile(reading: folder.brokerFile))
    let log = ProgramLog(level: loaded.configuration.logLevel)
    let broker = try BrokerProgram(loaded.configuration, logger: log.logger)
    let (ready, signal) = AsyncStream<BrokerServer.Ready>.makeStream()
    try await withThrowingTaskGroup(of: Void.self) { group in
      group.addTask {
        defer { signal.finish() }
        try await broker.run { signal.yield($0) }
      }
      group.addTask {
        for await ready in ready {
          try await Self.introduceGateway(folder, ready, log)
          try await Self.runGateway(folder, ready, log)
          return
        }
      }
      // Whoever ends first ends both.
      try await group.next()
      group.cancelAll()
    }
  }

  /// A token and a configuration for the gateway, at the first start.
  private static func introduceGateway(
    _ folder: UpFolder, _ ready: BrokerServer.Ready, _ log: ProgramLog
  ) async throws {
    let fingerprint = ready.fingerprint ?? ""
    if !FileManager.default.fileExists(atPath: folder.gatewayToken) {
      let token = try Secret.resolving("file:\(folder.adminToken)", option: "--folder")
      let client = try BrokerClient(
        address: BrokerAddress(url: ready.url, trust: .fingerprint(fingerprint)),
        token: token.withBytes { String(decoding: $0, as: UTF8.self) }, logger: log.logger)
      guard let name = Name("gateway") else { return }
      let reply = try await client.createToken(TokenRequest(user: name, role: .gateway))
      try folder.write(reply.token + "\n", to: folder.gatewayToken)
    }
    try folder.prepareTunnels(url: ready.url, fingerprint: fingerprint)
  }

  /// Runs until a signal ends it.
  private static func runGateway(
    _ folder: UpFolder, _ ready: BrokerServer.Ready, _ log: ProgramLog
  ) async throws {
    let reading: ConfigurationReading<GatewayConfiguration> = {
      () throws(ConfigurationRefused) in
      try ConfigurationLoader.gateway(file: ConfigurationFile(reading: folder.gatewayFile))
    }
    let loaded = try reading()
    log.warn(of: loaded.warnings)
    Terminal.write(greeting(folder, ready), to: .error)
    let reason = try await Start.gateway(loaded.configuration, log: log, reading: reading)
    Terminal.write("\(TunnelEnd(reason: reason))", to: .error)
  }

  private static let onOneHost = """
    to look     with device and user on this host tunnels stand and are counted, but a host keeps traffic
                between its own addresses; --address lets devices and users elsewhere in

    """

  private static func greeting(_ folder: UpFolder, _ ready: BrokerServer.Ready) -> String {
    let device = UpFolder.device
    return """

      console     \(ready.url)/   (its certificate is its own: SHA-256 \(ready.fingerprint ?? "-"))
                  log in with the token in \(folder.adminToken)
      commands    . \(folder.environmentFile)      # broker, fingerprint and token for this shell
      a device    drawbridge device enrol \(device)
                  on the device, with \(folder.agentFile) and the files that it names:
                  drawbridge agent enrol --broker \(ready.url) --fingerprint $DRAWBRIDGE_FINGERPRINT \
      --code CODE --token-file \(folder.path)/agent.token
                  drawbridge agent --config \(folder.agentFile)
      a user      drawbridge connect \(device) --dial \(folder.operatorFile)
      \(folder.isForThisHostAlone ? onOneHost : "")Ctrl-C ends broker and gateway; the folder stays.

      """
  }
}
