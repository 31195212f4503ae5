import Control
import Demo
import Primitives
import Runtime
import Settings

/// The only place where the commands meet the runtime.
enum Start {
  /// Runs a gateway until it ends.
  ///
  /// - Parameter reading: reads the configuration again, for a reload.
  static func gateway(
    _ configuration: GatewayConfiguration, log: ProgramLog,
    reading: @escaping ConfigurationReading<GatewayConfiguration>
  ) async throws(ControlError) -> CloseReason {
    let gateway = try Runtime.gateway(
      configuration, version: Drawbridge.version, logger: log.logger, reading: reading
    ) { link throws(ControlError) in try BrokerGrants(link, logger: log.logger) }
    return try await Serving.run(
      gateway, socketPath: configuration.controlSocket, logger: log.logger)
  }

  /// Dials until the tunnel is over.
  ///
  /// - Parameter onUp: called once, when the tunnel has its address.
  static func dial(
    _ configuration: DialConfiguration, log: ProgramLog,
    onUp: @escaping @Sendable (DialUp) -> Void
  ) async throws(ControlError) -> CloseReason {
    let client = try Runtime.dial(
      configuration, version: Drawbridge.version, logger: log.logger, onUp: onUp)
    return try await Serving.run(
      client, socketPath: configuration.controlSocket, logger: log.logger)
  }

  /// Runs the demonstration.
  ///
  /// - Parameter folder: where the capture and its keys are left.
  static func demo(folder: String) async throws(ControlError) {
    try await Demo.run(folder: folder)
  }
}
