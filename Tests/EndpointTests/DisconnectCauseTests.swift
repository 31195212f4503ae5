import Endpoint
import L2TP
import PPP
import Primitives
import Testing

/// What our CDNs say of the PPP link's end (RFC 3145 §3).
@Suite(.timeLimit(.minutes(5))) struct DisconnectCauseTests {
  private func cause(_ peer: RigPeer) -> PPPDisconnectCause? {
    for case .sessionClosed(_, _, let detail) in peer.events { return detail.pppDisconnectCause }
    return nil
  }

  @Test(arguments: [
    (CloseReason.administrator, UInt16(1), PPPDisconnectCause.Direction.global),
    (.policyRefused, 1, .global), (.inactivity, 3, .atLocal), (.requested, 3, .atLocal),
    (.deadPeer, 8, .global), (.internalError, 0, .global),
  ])
  func aClosedSessionSaysWhy(
    reason: CloseReason, code: UInt16, direction: PPPDisconnectCause.Direction
  ) throws {
    let rig = try Rig()
    let peer = try rig.dial(on: rig.connect(), RigPeer())
    let id = try #require(peer.session)
    _ = rig.endpoint.closeSession(id, reason, at: rig.now, using: &rig.random)
    rig.settle()
    rig.run(for: .seconds(15))
    let told = try #require(cause(peer))
    #expect(told.code.rawValue == code)
    #expect(told.direction == direction)
  }

  @Test func aWrongPasswordIsThePeers() throws {
    let rig = try Rig()
    let peer = try rig.dial(on: rig.connect(), RigPeer(password: Secret(text: "guess")))
    rig.run(for: .seconds(15))
    let told = try #require(cause(peer))
    #expect(told == PPPDisconnectCause(.authenticationFailed, direction: .atPeer))
  }

  @Test func aTerminateRequestOfThePeerIsANormalEnd() throws {
    let rig = try Rig()
    let peer = try rig.dial(on: rig.connect(), RigPeer())
    peer.link.close(.requested, at: rig.now)
    rig.settle()
    rig.run(for: .seconds(15))
    let told = try #require(cause(peer))
    #expect(
      told == PPPDisconnectCause(.normal, controlProtocol: 0xC021, direction: .atPeer))
  }

  @Test(arguments: [(true, 1), (false, 0)])
  func segmentsAreHeldToTheLinkOnlyWhereTheProfileSaysSo(clamps: Bool, held: Int) throws {
    let rig = try Rig(clampsMSS: clamps)
    _ = try rig.dial(on: rig.connect(), RigPeer())
    let sessions = rig.endpoint.sessionViews
    #expect(sessions.count { $0.binding.segmentBytesMax > 0 } == held)
    #expect(sessions.count { $0.binding.isOpen } == 1)
  }
}
