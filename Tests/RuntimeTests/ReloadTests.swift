import Control
import Primitives
import Settings
import Synchronization
import Testing

@testable import Runtime

@Suite(.timeLimit(.minutes(5))) struct ReloadTests {
  /// Runs a gateway whose file reads as `yaml` from now on, reloads it, and ends it.
  private static func reload(reading yaml: String) async throws -> Result<ReloadReply, ControlError>
  {
    try await NamespaceThread.run { _ in
      let gateway = try Services.gateway(reading: { () throws(ConfigurationRefused) in
        try Services.gatewaySettings(yaml)
      })
      async let gatewayEnding = ending(of: gateway)
      let reply: Result<ReloadReply, ControlError>
      do throws(ControlError) {
        reply = .success(try await gateway.reload())
      } catch {
        reply = .failure(error)
      }
      gateway.mailbox.post { loop, now in loop.end(.success(.shutdown), at: now) }
      _ = await gatewayEnding
      return reply
    }
  }

  @Test func newUsersAreInForceAndNewPortsWait() async throws {
    let yaml = Services.gatewayYAML.replacing("anna", with: "bert")
      .replacing("[127.0.0.1]", with: "[127.0.0.3]")
    let reply = try await Self.reload(reading: yaml).get()
    #expect(reply.applied == ["users"])
    #expect(reply.needsRestart == ["listen"])
  }

  @Test func brokenFileLeavesTheOldOneInForce() async throws {
    let reply = try await Self.reload(reading: "pools: [{addresses: nonsense}]")
    guard case .failure(let error) = reply else {
      Issue.record("a broken file was accepted")
      return
    }
    #expect(error.code == .refused)
    #expect(error.detail.contains("pools[0].addresses"))
  }
}
