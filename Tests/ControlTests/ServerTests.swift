import AsyncHTTPClient
import Control
import ControlClient
import ControlServer
import Foundation
import Logging
import NIOCore
import Programs
import Testing

/// Runs a server on the folder's socket while `body` asks it, then cancels it.
func withServer(
  _ service: some ControlService, in folder: TemporaryFolder,
  _ body: (ControlClient) async throws -> Void
) async throws {
  let server = ControlServer(
    service: service, socketPath: folder.socket,
    logger: Logger(label: "test") { _ in
      SwiftLogNoOpLogHandler()
    })
  let (ready, signal) = AsyncStream<Void>.makeStream()
  let running = Task {
    defer { signal.finish() }
    try await server.run { signal.yield() }
  }
  var readiness = ready.makeAsyncIterator()
  guard await readiness.next() != nil else { return try await running.value }
  let result: Result<Void, any Error>
  do {
    result = .success(try await body(ControlClient(socketPath: folder.socket)))
  } catch {
    result = .failure(error)
  }
  running.cancel()
  try await running.value
  try result.get()
}

@Suite(.timeLimit(.minutes(5))) struct ServerTests {
  let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder() }

  @Test func everyRequestTravelsThereAndBack() async throws {
    let service = InMemoryControlService(Samples.state)
    try await withServer(service, in: folder) { client async throws in
      #expect(try await client.isakmpPolicies() == [Samples.policy])
      #expect(try await client.isakmpExchanges() == [Samples.exchange])
      #expect(try await client.isakmpSAs() == [Samples.isakmpSA])
      #expect(try await client.isakmpCounters() == [Samples.counter])
      #expect(try await client.ipsecSAs() == [Samples.ipsecSA])
      #expect(try await client.l2tpDestinations() == [Samples.destination])
      #expect(try await client.l2tpTunnels() == [Samples.tunnel, Samples.spentTunnel])
      #expect(try await client.l2tpSessions() == [Samples.session])
      #expect(try await client.pppLinks() == [Samples.ppp])
      #expect(try await client.grantsInForce() == Samples.grants)
      #expect(try await client.version().processID == 1)
      #expect(try await client.health().ready)
      #expect(try await client.reload() == ReloadReply())
      #expect(try await client.close(.session, id: 8) == CloseReply(target: .session, id: 8))
    }
    #expect(await service.closed == [CloseReply(target: .session, id: 8)])
  }

  @Test func errorsArriveWithCodeCauseAndNextStep() async throws {
    var state = Samples.state
    let refusal = ControlError(.refused, "no", cause: "bounds", nextStep: "mend it")
    state.reload = .failure(refusal)
    state.health = HealthReply(ready: false, reasons: ["no TUN"], uptimeSeconds: 0)
    try await withServer(InMemoryControlService(state), in: folder) { client async throws in
      await #expect(throws: ControlError.nothing(.tunnel, id: 12)) {
        try await client.close(.tunnel, id: 12)
      }
      await #expect(throws: refusal) { try await client.reload() }
      #expect(try await client.health().reasons == ["no TUN"])
    }
  }

  @Test func theSocketIsItsOwnersOnlyAndGoesWithTheServer() async throws {
    try await withServer(InMemoryControlService(), in: folder) { _ async throws in
      #expect(folder.mode(of: folder.socket) == 0o600)
      #expect(LocalSocket(at: folder.socket) == .live)
    }
    #expect(folder.names == [])
    #expect(LocalSocket(at: folder.socket) == .absent)
  }

  @Test func aLiveSocketIsRefusedAndLeftAlone() async throws {
    try await withServer(InMemoryControlService(), in: folder) { client async throws in
      await #expect {
        try await withServer(InMemoryControlService(), in: folder) { _ in }
      } throws: {
        ($0 as? ControlError)?.code == .refused
      }
      #expect(try await client.health().ready)
    }
  }

  @Test func aSocketOfADeadProcessIsReplaced() async throws {
    try leaveDeadSocket(at: folder.socket)
    #expect(LocalSocket(at: folder.socket) == .dead)
    try await withServer(InMemoryControlService(), in: folder) { client async throws in
      #expect(try await client.health().ready)
    }
    #expect(folder.names == [])
  }

  @Test func aFileThatIsNoSocketIsNeverRemoved() async throws {
    try Data("precious".utf8).write(to: URL(filePath: folder.socket))
    await #expect { try await withServer(InMemoryControlService(), in: folder) { _ in } } throws: {
      ($0 as? ControlError)?.code == .refused
    }
    #expect(folder.names == ["s.sock"])
  }

  @Test func aFolderThatCannotBeMadeIsSaid() async throws {
    let server = ControlServer(
      service: InMemoryControlService(), socketPath: "/proc/none/s.sock",
      logger: Logger(label: "test"))
    await #expect { try await server.run() } throws: {
      ($0 as? ControlError)?.code == .unreachable
    }
  }
}

@Suite(.timeLimit(.minutes(5))) struct OversizeTests {
  private func send(
    _ method: String, _ path: String, bodyBytes: Int, to socket: String
  ) async throws -> (status: UInt, problem: ControlError?) {
    let url = try #require(URL(httpURLWithSocketPath: socket, uri: path))
    var request = HTTPClientRequest(url: url.absoluteString)
    request.method = .init(rawValue: method)
    request.body = .bytes(ByteBuffer(repeating: 0x20, count: bodyBytes))
    let response = try await HTTPClient.shared.execute(request, timeout: .seconds(10))
    let body = Data(try await response.body.collect(upTo: 1 << 20).readableBytesView)
    return (response.status.code, try? ControlJSON.decode(ControlError.self, from: body))
  }

  @Test func aBodyAtTheLimitIsReadAndOnePastItIsNot() async throws {
    let folder = try TemporaryFolder()
    try await withServer(InMemoryControlService(), in: folder) { client async throws in
      let limit = ControlJSON.requestBytesMax
      let full = try await send("POST", "/v1/reload", bodyBytes: limit, to: folder.socket)
      #expect(full.status == 200)
      let over = try await send("POST", "/v1/reload", bodyBytes: limit + 1, to: folder.socket)
      #expect(over.status == 413)
      #expect(over.problem?.code == .tooLarge)
      #expect(try await client.health().ready)
    }
  }

  @Test func unknownPathsAndMethodsGetAProblem() async throws {
    let folder = try TemporaryFolder()
    try await withServer(InMemoryControlService(), in: folder) { _ async throws in
      for (method, path) in [("GET", "/"), ("PUT", "/v1/reload"), ("DELETE", "/v1/ppp/1")] {
        let answer = try await send(method, path, bodyBytes: 0, to: folder.socket)
        #expect(answer.status == 400)
        #expect(answer.problem?.code == .badRequest)
      }
    }
  }
}

@Suite(.timeLimit(.minutes(5))) struct ClientTests {
  @Test func withoutAProcessTheClientSaysWhichSocketAndWhy() async throws {
    let folder = try TemporaryFolder()
    let client = ControlClient(socketPath: folder.socket)
    await #expect { try await client.health() } throws: { error in
      guard let error = error as? ControlError else { return false }
      return error.code == .unreachable && error.detail.contains(folder.socket)
    }
    try leaveDeadSocket(at: folder.socket)
    await #expect { try await client.health() } throws: {
      ($0 as? ControlError)?.cause == "the process that made the socket is gone"
    }
  }
}
