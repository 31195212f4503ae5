import Control
import LinuxIO
import Primitives
import Settings
import Testing

@testable import Runtime

/// What keeps a service from starting is said, and nothing is left behind.
@Suite(.timeLimit(.minutes(5))) struct StartTests {
  private static let withInterface = Services.gatewayYAML.replacing("name: none", with: "name: gw0")

  private static func socket(_ port: UInt16) throws -> UDPSocket {
    try UDPSocket(bindingTo: SocketAddress(.v4(IPv4Address(127, 0, 0, 1)), port: port))
  }

  /// The error that a start ends with.
  private static func refusal(of service: some RunningService) async throws -> ControlError {
    let ending = await ending(of: service)
    guard case .failure(let error) = ending else {
      throw SystemError("expected a refusal, got \(ending)", errno: 0)
    }
    return error
  }

  private static func hasInterface(_ name: String) throws -> Bool {
    var netlink = try Netlink()
    do throws(SystemError) {
      _ = try netlink.link(named: name)
      return true
    } catch {
      return false
    }
  }

  @Test func busyPortIsNamed() async throws {
    try await NamespaceThread.run { _ in
      let busy = try Self.socket(4500)
      let error = try await Self.refusal(of: Services.gateway(Self.withInterface))
      #expect(error.code == .refused)
      #expect(error.detail == "UDP port 4500 on 127.0.0.1 is in use")
      #expect(try !Self.hasInterface("gw0"))
      // The port before it is free again.
      _ = try Self.socket(500)
      _ = consume busy
    }
  }

  @Test func takenInterfaceIsNamed() async throws {
    try await NamespaceThread.run { _ in
      let device = try TUNDevice(name: "gw0")
      let error = try await Self.refusal(of: Services.gateway(Self.withInterface))
      #expect(error.detail.contains("gw0 exists already"))
      _ = try Self.socket(500)
      _ = consume device
    }
  }

  @Test func foreignAddressIsNamed() async throws {
    try await NamespaceThread.run { _ in
      let yaml = Services.gatewayYAML.replacing("127.0.0.1", with: "203.0.113.9")
      let error = try await Self.refusal(of: Services.gateway(yaml))
      #expect(error.detail.contains("this host has no such address"))
    }
  }

  @Test func missingPrivilegesAreNamed() async throws {
    try await NamespaceThread.run { _ in
      try Privileges.drop(to: [])
      let error = try await Self.refusal(of: Services.gateway())
      #expect(error.code == .refused)
      #expect(error.cause.contains("CAP_NET_BIND_SERVICE"))
      #expect(error.nextStep.contains("setcap"))
    }
  }

  @Test func clientWithoutRawSocketsEncapsulates() async throws {
    try await NamespaceThread.run { _ in
      try Privileges.drop(to: .netBindService)
      let address = IPAddress.v4(IPv4Address(127, 0, 0, 1))
      let sockets = try OuterPorts.client(ListenAddresses(), on: address)
      #expect(sockets.local.port == 500)
      #expect(sockets.whyEncapsulated == "this process lacks CAP_NET_RAW")
      #expect(sockets.ports.map(\.kind) == [.udp500, .udp4500])
    }
  }

  @Test func clientTakesFreePortsBesideAnotherProgram() async throws {
    try await NamespaceThread.run { _ in
      let busy = try Self.socket(500)
      let address = IPAddress.v4(IPv4Address(127, 0, 0, 1))
      let sockets = try OuterPorts.client(ListenAddresses(), on: address)
      #expect(sockets.local.port != 500)
      #expect(sockets.whyEncapsulated != nil)
      _ = consume busy
    }
  }

  @Test func unreachableGatewayIsSaid() async throws {
    try await NamespaceThread.run { _ in
      let yaml = Services.dialYAML.replacing("gateway: 127.0.0.1", with: "gateway: 192.0.2.1")
        .replacing("127.0.0.2", with: "0.0.0.0")
      let error = try await Self.refusal(of: Services.dial(yaml))
      #expect(error.code == .unreachable)
    }
  }

  @Test func addressesAndRoutesGoWithTheService() async throws {
    try await NamespaceThread.run { _ in
      let gateway = try Services.gateway(Self.withInterface)
      async let gatewayEnding = ending(of: gateway)
      _ = try await gateway.health()
      var netlink = try Netlink()
      let inPool = IPAddress.v4(IPv4Address(10, 9, 0, 77))
      let route = try netlink.route(to: inPool)
      #expect(route.source == .v4(IPv4Address(10, 9, 0, 1)))
      #expect(try netlink.link(named: "gw0").isUp)
      gateway.mailbox.post { loop, now in loop.end(.success(.shutdown), at: now) }
      _ = await gatewayEnding
      #expect(try !Self.hasInterface("gw0"))
      #expect(throws: SystemError.self) {
        var netlink = try Netlink()
        _ = try netlink.route(to: inPool)
      }
    }
  }
}
