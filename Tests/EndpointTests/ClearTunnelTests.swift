import Dataplane
import Endpoint
import L2TP
import Primitives
import Testing

/// L2TP outside IPsec.
@Suite(.timeLimit(.minutes(5))) struct ClearTunnelTests {
  private func address(_ index: Int) -> SocketAddress {
    SocketAddress(.v4(IPv4Address(UInt32(0xC000_0200) + UInt32(index))), port: 1701)
  }

  @Test func badInput49ClearL2TPOfAProfileThatDemandsIPsecIsDroppedUnanswered() throws {
    let rig = try Rig()
    let open = rig.endpoint.acceptsClearL2TP
    #expect(!open)
    for index in 0..<100 {
      rig.dialInClear(RigPeer(localID: UInt16(index + 1)), from: address(index))
    }
    let residue = rig.endpoint.residue
    #expect(residue == EndpointResidue())
    #expect(rig.l2tpSent.isEmpty)
    #expect(rig.events.isEmpty)
    let refused = rig.endpoint.counters.clearRefused
    #expect(refused == 100)
  }

  @Test func aProfileWithoutIPsecTakesClearTunnels() throws {
    let rig = try Rig(requiresIPsec: false)
    let peer = RigPeer(dialsSession: false)
    rig.dialInClear(peer, from: address(1))
    let live = rig.endpoint.liveCounts
    #expect(live.tunnels == 1)
    // The carrier stays with the record and goes with it.
    peer.tunnel.close(result: ResultCode(stopCCN: .generalRequest), at: rig.now)
    rig.settle()
    let kept = rig.endpoint.residue.carriers
    #expect(kept == 1)
    rig.run(for: .seconds(601))
    let residue = rig.endpoint.residue
    #expect(residue == EndpointResidue())
  }

  @Test func noMessageButAnSCCRQMakesAClearCarrier() throws {
    let rig = try Rig(requiresIPsec: false)
    let local = SocketAddress(Rig.gatewayAddress.address, port: 1701)
    for message: [UInt8] in [[], [0xC8], [0xC8, 2, 0, 12, 0, 0, 0, 0, 0, 0, 0, 0]] {
      rig.endpoint.receiveClearL2TP(
        message, local: local, remote: address(1), at: rig.now, using: &rig.random)
      rig.settle()
    }
    let residue = rig.endpoint.residue
    #expect(residue == EndpointResidue())
  }

  @Test func spoofedSCCRQsHoldRoomOnlyUntilTheyAreGivenUp() throws {
    var limits = Endpoint.Limits()
    limits.clearCarriersMax = 3
    let rig = try Rig(limits: limits, requiresIPsec: false)
    let local = SocketAddress(Rig.gatewayAddress.address, port: 1701)
    for index in 0..<5 {
      let spoofed = RigPeer(localID: UInt16(index + 1))
      let message = try #require(spoofed.nextMessage(at: rig.now, using: &rig.random))
      rig.endpoint.receiveClearL2TP(
        message, local: local, remote: address(index), at: rig.now, using: &rig.random)
      rig.settle()
    }
    let held = rig.endpoint.residue.carriers
    #expect(held == 3)
    rig.run(for: .seconds(60))
    let residue = rig.endpoint.residue
    #expect(residue == EndpointResidue())
    rig.dialInClear(RigPeer(dialsSession: false, at: rig.now), from: address(9))
    let live = rig.endpoint.liveCounts
    #expect(live.tunnels == 1)
  }
}
