import ConnectionService
import Primitives
import Testing

@testable import BrokerServer

@Suite struct ConnectingTests {
  @Test func aConnectReachesTheDeviceAndItsAnswerComesBack() async throws {
    try await RunningBroker.run { broker in
      try await broker.withDevice("press-1") { device in
        let client = try broker.client()
        let view = try await client.connect(device.product, ConnectRequest(inactivitySeconds: 299))
        #expect(view.phase == .up)
        #expect(view.vpnAddress == "10.99.0.7")
        #expect(view.inactivitySeconds == 300)
        #expect(view.inactivityWasClamped == true)
        let closed = try await client.close(view.id)
        #expect(closed.phase == .closed)
        #expect(closed.reason == .requested)
      }
    }
  }
}
