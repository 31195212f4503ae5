import Control
import Logging
import Primitives
import Settings
import Synchronization

@testable import Runtime

/// Configurations and services as the tests want them: on loopback, without a TUN device.
enum Services {
  static let gatewayYAML = """
    listen: {addresses: [127.0.0.1]}
    tun: {name: none}
    preSharedKeys: [{secret: sesame}]
    pools: [{addresses: 10.9.0.0/24}]
    users: [{name: anna, password: secret}]
    """

  static let dialYAML = """
    gateway: 127.0.0.1
    preSharedKey: sesame
    user: anna
    password: secret
    listen: {address: 127.0.0.2}
    tun: {name: none}
    """

  private static let secrets = SecretSource(file: { _ in [] }, environment: { _ in nil })

  static func gatewaySettings(
    _ yaml: String = gatewayYAML
  ) throws(ConfigurationRefused) -> Loaded<Settings.GatewayConfiguration> {
    try ConfigurationLoader.gateway(yaml: yaml, secrets: secrets)
  }

  static func dialSettings(_ yaml: String = dialYAML) throws -> DialConfiguration {
    try ConfigurationLoader.dial(yaml: yaml, secrets: secrets).configuration
  }

  static func gateway(
    _ yaml: String = gatewayYAML,
    reading: @escaping Runtime.Reading<Settings.GatewayConfiguration> = {
      () throws(ConfigurationRefused) in try gatewaySettings()
    },
    grantSource: @escaping Runtime.GrantSourcing = { _ in MemoryGrantSource() },
    pause: @escaping GrantFollowing.Pause = pause
  ) throws -> HostService<GatewayHost> {
    try Runtime.gateway(
      gatewaySettings(yaml).configuration, version: "0", logger: quiet, reading: reading,
      grantSource: grantSource, takesSignals: false, pause: pause)
  }

  static func dial(
    _ yaml: String = dialYAML, onUp: @escaping @Sendable (DialUp) -> Void = { _ in }
  ) throws -> HostService<DialHost> {
    try Runtime.dial(
      dialSettings(yaml), version: "0", logger: quiet, takesSignals: false, onUp: onUp)
  }

  /// Waits until its task is called off. One that returned at once would ask without end when the
  /// gateway is gone, and leave no thread to whoever calls it off.
  @Sendable static func pause(_: Duration) async { try? await Task.sleep(for: .seconds(3600)) }

  /// An answer never came to look as expected.
  struct NeverCame<Answer: Sendable>: Error {
    let last: Answer
  }

  private static let asksMax = 30_000

  /// Asks until the answer looks as expected; not so often that those asked get no turn, and not for
  /// ever: this takes a tenth of a second where nothing else runs.
  static func answer<Answer: Sendable>(
    when condition: (Answer) -> Bool, _ ask: () async throws -> Answer
  ) async throws -> Answer {
    var answer = try await ask()
    for _ in 0..<asksMax where !condition(answer) {
      try await Task.sleep(for: .milliseconds(1))
      answer = try await ask()
    }
    guard condition(answer) else { throw NeverCame(last: answer) }
    return answer
  }

  static let quiet = Logger(label: "test", factory: { _ in SwiftLogNoOpLogHandler() })
}

/// How a service ended.
func ending(of service: some RunningService) async -> Result<CloseReason, ControlError> {
  do throws(ControlError) {
    return .success(try await service.run())
  } catch {
    return .failure(error)
  }
}
