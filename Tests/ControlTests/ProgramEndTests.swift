import Control
import Primitives
import Programs
import Settings
import Testing

@testable import drawbridge

@Suite(.timeLimit(.minutes(5))) struct ProgramEndTests {
  @Test func everyErrorCodeHasItsExitCode() {
    let codes = ControlError.Code.allCases.map { ProgramStatus($0).rawValue }
    #expect(codes == [2, 3, 4, 5, 5, 6, 7, 8, 1])
  }

  @Test func everyCloseReasonHasItsExitCode() {
    let expected: [(ProgramStatus, Set<CloseReason>)] = [
      (.refused, [.negotiationFailed, .authenticationFailed, .policyRefused, .localVeto]),
      (.timedOut, [.retriesExhausted]),
      (.cut, [.deadPeer, .peerDeleted, .peerClosed, .lifetimeExpired, .gatewayLost, .brokerLost]),
      (.internalError, [.internalError]),
    ]
    for reason in CloseReason.allCases {
      let status = expected.first { $0.1.contains(reason) }?.0 ?? .ok
      #expect(ProgramStatus(reason) == status, "\(reason)")
    }
  }

  @Test func theEndOfATunnelNamesItsReason() {
    let end = ProgramEnd(TunnelEnd(reason: .deadPeer))
    #expect(end.text == "closed: deadPeer" && end.code == .cut)
  }

  @Test func aWrongConfigurationIsAUsageError() {
    #expect(ProgramEnd(ConfigurationRefused(findings: [])).code == .usage)
  }
}

@Suite(.timeLimit(.minutes(5))) struct ServingTests {
  @Test func aServicesEndEndsTheSocketToo() async throws {
    let folder = try TemporaryFolder()
    let service = ScriptedService(ending: .success(.inactivity))
    let reason = try await Serving.run(service, socketPath: folder.socket, logger: quietLogger)
    #expect(reason == .inactivity)
    #expect(folder.names == [])
  }

  @Test func aServicesErrorIsThrownAndTheSocketRemoved() async throws {
    let folder = try TemporaryFolder()
    let error = ControlError(.refused, "port 500 is taken", cause: "c", nextStep: "n")
    let service = ScriptedService(ending: .failure(error))
    await #expect(throws: error) {
      try await Serving.run(service, socketPath: folder.socket, logger: quietLogger)
    }
    #expect(folder.names == [])
  }

  @Test func whereTheSocketIsTakenTheServiceIsNeverRun() async throws {
    let folder = try TemporaryFolder()
    try await withServer(InMemoryControlService(), in: folder) { client async throws in
      let service = ScriptedService(ending: .success(.inactivity))
      await #expect {
        try await Serving.run(service, socketPath: folder.socket, logger: quietLogger)
      } throws: { ($0 as? ControlError)?.code == .refused }
      let health = try await client.health()
      #expect(health.ready)
    }
  }
}
