import Control
import LinuxIO
import Primitives
import Testing

@testable import Runtime

/// A gateway and a client over real sockets on loopback, each with its own threads.
@Suite(.timeLimit(.minutes(5))) struct TunnelTests {
  /// Brings a tunnel up, lets `body` look at both ends, and ends both.
  private static func withTunnel(
    dial dialYAML: String = Services.dialYAML,
    _ body:
      @escaping @Sendable (
        HostService<GatewayHost>, HostService<DialHost>, DialUp
      ) async throws -> Void
  ) async throws -> (gateway: CloseReason, dial: CloseReason) {
    try await NamespaceThread.run { thread in
      let (ups, upContinuation) = AsyncStream<DialUp>.makeStream()
      let gateway = try Services.gateway()
      let dial = try Services.dial(dialYAML) { upContinuation.yield($0) }
      async let gatewayEnding = ending(of: gateway)
      // The gateway answers before it has its sockets: then it has them.
      _ = try await gateway.health()
      let dialTask = Task(executorPreference: thread) { await ending(of: dial) }
      var iterator = ups.makeAsyncIterator()
      let up = try #require(await iterator.next())
      try await body(gateway, dial, up)
      dialTask.cancel()
      let dialReason = try await dialTask.value.get()
      gateway.mailbox.post { loop, now in loop.end(.success(.shutdown), at: now) }
      return (try await gatewayEnding.get(), dialReason)
    }
  }

  @Test func tunnelComesUpAndGoes() async throws {
    let reasons = try await Self.withTunnel { gateway, dial, up in
      #expect(up.address == "10.9.0.2")
      #expect(up.peerAddress == "10.9.0.1")
      #expect(up.interface == nil)
      let tunnels = try await gateway.l2tpTunnels()
      #expect(tunnels.map(\.state) == [.established])
      #expect(tunnels.first?.endpoints.peerAddress == "127.0.0.2")
      #expect(tunnels.first?.idleTimeoutRemainingSeconds == nil, "it has a session")
      let sas = try await dial.ipsecSAs()
      #expect(sas.map(\.encapsulation) == [.esp])
      #expect(try await gateway.l2tpSessions().map(\.user) == ["anna"])
      #expect(try await dial.pppLinks().map(\.role) == [.peer])
      #expect(try await dial.health().sessions == 1)
    }
    #expect(reasons.gateway == .shutdown)
    #expect(reasons.dial == .shutdown)
  }

  @Test func freePortsForceUDPEncapsulation() async throws {
    let yaml = Services.dialYAML.replacing(
      "{address: 127.0.0.2}", with: "{address: 127.0.0.2, ike: 0, natt: 0}")
    _ = try await Self.withTunnel(dial: yaml) { gateway, dial, _ in
      let sas = try await dial.ipsecSAs()
      #expect(sas.map(\.encapsulation) == [.udp])
      #expect(sas.first?.endpoints.natState == .forced)
      #expect(try await gateway.ipsecSAs().map(\.encapsulation) == [.udp])
    }
  }

  @Test func lt10AClosedTunnelKeepsItsPeerAndShowsHowLongItsRecordStays() async throws {
    try await NamespaceThread.run { _ in
      let (ups, upContinuation) = AsyncStream<DialUp>.makeStream()
      let gateway = try Services.gateway()
      let dial = try Services.dial { upContinuation.yield($0) }
      async let gatewayEnding = ending(of: gateway)
      _ = try await gateway.health()
      async let dialEnding = ending(of: dial)
      var iterator = ups.makeAsyncIterator()
      _ = await iterator.next()

      let session = try #require(try await gateway.l2tpSessions().first)
      let reply = try await gateway.close(.session, id: session.id)
      #expect(reply.closeReason == .administrator)
      #expect(try await dialEnding.get() == .peerClosed)
      // The client is over when it has said so; the gateway when it has heard it.
      let tunnels = try await Services.answer(when: { $0.first?.state == .closed }) {
        try await gateway.l2tpTunnels()
      }
      let tunnel = try #require(tunnels.first)
      let closing = try #require(tunnel.closing)
      let remaining = closing.destructTimeoutRemainingSeconds
      #expect(remaining > 0 && remaining <= tunnel.destructTimeoutSeconds)
      #expect(tunnel.endpoints.peerAddress == "127.0.0.2")
      await #expect(throws: ControlError.nothing(.session, id: session.id)) {
        _ = try await gateway.close(.session, id: session.id)
      }
      gateway.mailbox.post { loop, now in loop.end(.success(.shutdown), at: now) }
      #expect(try await gatewayEnding.get() == .shutdown)
    }
  }

  @Test func wrongPasswordIsTheReasonOfTheClient() async throws {
    try await NamespaceThread.run { _ in
      let gateway = try Services.gateway()
      async let gatewayEnding = ending(of: gateway)
      _ = try await gateway.health()
      let dial = try Services.dial(
        Services.dialYAML.replacing("password: secret", with: "password: wrong"))
      #expect(await ending(of: dial) == .success(.authenticationFailed))
      gateway.mailbox.post { loop, now in loop.end(.success(.shutdown), at: now) }
      _ = await gatewayEnding
    }
  }
}
