import Logging
import Settings

/// Reads a configuration again, with its warnings.
typealias ConfigurationReading<Configuration: Sendable> =
  @Sendable () throws(ConfigurationRefused) -> Loaded<Configuration>

/// The log of a gateway or client: lines on standard error, as service managers expect.
struct ProgramLog: Sendable {
  let logger: Logger

  init(level: LogLevel) {
    var logger = Logger(label: "drawbridge", factory: { StreamLogHandler.standardError(label: $0) })
    logger.logLevel = Logger.Level(level)
    self.logger = logger
  }

  func warn(of findings: [Finding]) {
    for finding in findings { logger.warning("\(finding)") }
  }
}

extension Logger.Level {
  init(_ level: LogLevel) {
    self =
      switch level {
      case .trace: .trace
      case .debug: .debug
      case .info: .info
      case .notice: .notice
      case .warning: .warning
      case .error: .error
      case .critical: .critical
      }
  }
}
