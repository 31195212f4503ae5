import ArgumentParser
import ConnectionService
import Settings

/// `drawbridge broker`: a broker in the foreground, as service managers want it.
struct BrokerCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "broker",
    abstract: "Run a broker: the API, the streams of devices and gateways, the console.",
    discussion: """
      Without --config it listens on 127.0.0.1:8443 and keeps everything in --data. The first start \
      makes a database, a certificate and one admin token, and says where they lie.
      """)

  @Option(help: ArgumentHelp("The configuration file.", valueName: "file"), completion: .file())
  var config: String?

  @Option(
    help: ArgumentHelp(
      "The folder of the database, the certificate and the first token.", valueName: "folder"),
    completion: .directory)
  var data: String?

  func run() async throws {
    let loaded =
      if let config {
        try ConfigurationLoader.broker(file: ConfigurationFile(reading: config))
      } else {
        try ConfigurationLoader.broker(yaml: "{}", secrets: .system)
      }
    var configuration = loaded.configuration
    if let data { configuration.dataFolder = data }
    let log = ProgramLog(level: configuration.logLevel)
    log.warn(of: loaded.warnings)
    let program = try BrokerProgram(configuration, logger: log.logger)
    try await ProcessEnd.whileRunning {
      try await program.run { ready in Terminal.write(program.greeting(ready), to: .error) }
    }
  }
}
