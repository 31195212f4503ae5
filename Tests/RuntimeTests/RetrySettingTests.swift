import IKE
import Settings
import Testing

@testable import Runtime

@Suite(.timeLimit(.minutes(5))) struct RetrySettingTests {
  @Test(arguments: [("0", RetryLimit.count(0)), ("5", .count(5)), ("continuous", .continuous)])
  func ik10TheAttemptsOfTheConfigurationReachTheEngine(_ text: String, _ limit: RetryLimit) throws {
    let yaml =
      Services.gatewayYAML
      + "\nisakmp: {policies: [{peer: 192.0.2.7, retryIkeAttempts: \(text)}]}\n"
    let engines = try GatewayEngineConfiguration(Services.gatewaySettings(yaml).configuration)
    #expect(engines.gateway.isakmp.isakmpPolicies.map(\.retryIkeAttempts) == [limit])
  }
}
