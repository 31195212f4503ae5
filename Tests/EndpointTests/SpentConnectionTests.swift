import Dataplane
import Endpoint
import L2TP
import PPP
import Primitives
import Testing

/// LT-8: whatever fails on a single-shot tunnel over IPsec uses up the IPsec connection, and the same
/// failure leaves a standard one as it was.
@Suite(.timeLimit(.minutes(5))) struct SpentConnectionTests {
  /// What may fail before, or instead of, a session that carries anything.
  enum Failure: CaseIterable {
    case wrongPassword, noCommonAuthentication, silenceInLCP, lcpRejected, ipcpRejected
    case iccnWithoutItsAVPs, cdnInsteadOfTheICCN, noICCNInTime, icrpInsteadOfTheICCN

    /// Makes it happen on a new tunnel of `carrier`.
    func happen(on carrier: CarrierID, of rig: Rig) throws {
      switch self {
      case .wrongPassword:
        _ = try rig.dial(on: carrier, RigPeer(password: Secret(text: "guess"), at: rig.now))
        rig.run(for: .seconds(10))
      case .noCommonAuthentication:
        _ = try rig.dial(on: carrier, RigPeer(at: rig.now) { $0.authentication = [.chapMD5] })
        rig.run(for: .seconds(30))
      case .silenceInLCP:
        let call = try HandMadeCall(on: carrier, of: rig)
        call.sendICCN()
        rig.run(for: .seconds(58))
      case .lcpRejected: try reject(0xC021, on: carrier, of: rig)
      case .ipcpRejected: try reject(0x8021, on: carrier, of: rig)
      case .iccnWithoutItsAVPs:
        try HandMadeCall(on: carrier, of: rig).send(12)
        rig.run(for: .seconds(2))
      case .cdnInsteadOfTheICCN:
        // Result Code 3, and the peer's own id.
        try HandMadeCall(on: carrier, of: rig).send(
          14, [0x80, 8, 0, 0, 0, 1, 0, 3] + HandMadeCall.assignedSessionID)
        rig.run(for: .seconds(2))
      case .noICCNInTime:
        _ = try HandMadeCall(on: carrier, of: rig)
        rig.run(for: .seconds(61))
      case .icrpInsteadOfTheICCN:
        try HandMadeCall(on: carrier, of: rig).send(11, HandMadeCall.assignedSessionID)
        rig.run(for: .seconds(2))
      }
    }

    /// The peer does not know `number`, although PPP cannot do without it.
    private func reject(_ number: UInt16, on carrier: CarrierID, of rig: Rig) throws {
      let peer = try rig.dial(on: carrier, RigPeer(at: rig.now))
      let session = try #require(peer.session)
      let frame: [UInt8] = [
        0xC0, 0x21, 8, 0x55, 0, 6, UInt8(number >> 8), UInt8(number & 255),
      ]
      rig.endpoint.receivePPP(frame, on: session, at: rig.now, using: &rig.random)
      rig.settle()
      rig.run(for: .seconds(40))
    }
  }

  private static let singleShot = TunnelRules(isSingleShot: true)

  @Test(arguments: Failure.allCases)
  func lt8AFailureUsesUpTheSingleShotConnection(_ failure: Failure) throws {
    let rig = try Rig(rules: Self.singleShot)
    let carrier = rig.connect()
    try failure.happen(on: carrier, of: rig)
    let live = rig.endpoint.liveCounts
    #expect(live == (0, 0))
    // The connection was told to disconnect, and nothing gets on it any more.
    let residue = rig.endpoint.residue
    #expect(residue.carriers == 0)
    #expect(residue.children == 0)
    let unknown = rig.endpoint.counters.unknownCarrier
    rig.peers = []
    let again = try rig.dial(on: carrier, RigPeer(localID: 8, at: rig.now))
    #expect(again.events.isEmpty)
    #expect(again.network == nil)
    let counted = rig.endpoint.counters.unknownCarrier
    #expect(counted > unknown)
    let reasons = rig.endpoint.tunnelViews.map(\.end?.cause.reason)
    #expect(reasons == [.singleShotSpent])
  }

  @Test(arguments: Failure.allCases)
  func lt8AfterAFailureANewConnectionIsAllThatIsNeeded(_ failure: Failure) throws {
    let rig = try Rig(rules: Self.singleShot)
    try failure.happen(on: rig.connect(), of: rig)
    rig.peers = []
    let again = try rig.dial(on: rig.connect(), RigPeer(localID: 9, at: rig.now))
    #expect(again.network != nil)
    let live = rig.endpoint.liveCounts
    #expect(live == (1, 1))
  }

  @Test(arguments: Failure.allCases)
  func lt8AFailureLeavesAStandardConnectionAsItWas(_ failure: Failure) throws {
    let rig = try Rig(rules: TunnelRules(idleTimeout: .seconds(600)))
    let carrier = rig.connect()
    try failure.happen(on: carrier, of: rig)
    let residue = rig.endpoint.residue
    #expect(residue.carriers == 1)
    let isSpent = rig.endpoint.carrierViews.contains { $0.isSpent }
    #expect(!isSpent)
    // The tunnel stands, and a second one and its session come up beside it.
    let failed = rig.endpoint.liveCounts
    #expect(failed == (1, 0))
    rig.peers = []
    let again = try rig.dial(on: carrier, RigPeer(localID: 8, at: rig.now))
    #expect(again.network != nil)
    let live = rig.endpoint.liveCounts
    #expect(live == (2, 1))
  }

  /// The maximum of a host is found out after the ICCN; that, too, is a session that failed.
  @Test func lt8ASessionThatFindsNoRoomUsesUpItsConnection() throws {
    for (rules, isSpent) in [(Self.singleShot, true), (TunnelRules(), false)] {
      let rig = try Rig(rules: rules, hostSessionsMax: 0)
      let peer = try rig.dial(on: rig.connect(), RigPeer())
      // 4: no facilities now; the tunnel itself was let in.
      #expect(peer.refusedCalls == [4])
      let refused = rig.endpoint.counters
      #expect(refused.sessionsRefused == 1 && refused.tunnelsRefused == 0)
      #expect((peer.stopResult != nil) == isSpent)
      let live = rig.endpoint.liveCounts
      #expect(live == (isSpent ? 0 : 1, 0))
      let carriers = rig.endpoint.residue.carriers
      #expect(carriers == (isSpent ? 0 : 1))
    }
  }

  /// The control connection fails before it is established.
  @Test func lt8ATunnelThatIsNeverConfirmedUsesUpItsConnection() throws {
    for (rules, carriersLeft) in [(Self.singleShot, 0), (TunnelRules(), 1)] {
      let rig = try Rig(rules: rules)
      let carrier = rig.connect()
      let peer = RigPeer(dialsSession: false)
      rig.send(try #require(peer.nextMessage(at: rig.now, using: &rig.random)), on: carrier)
      rig.run(for: .seconds(62))
      let live = rig.endpoint.liveCounts
      #expect(live == (0, 0))
      let carriers = rig.endpoint.residue.carriers
      #expect(carriers == carriersLeft)
    }
  }
}

/// A call by hand, from a peer that keeps the order: the control connection is up, the ICRQ was
/// answered, and what comes next is the test's.
private final class HandMadeCall {
  static let assignedSessionID: [UInt8] = [0x80, 8, 0, 0, 0, 14, 0, 9]

  private let rig: Rig
  private let carrier: CarrierID
  private let tunnel: UInt16
  private let session: UInt16

  init(on carrier: CarrierID, of rig: Rig) throws {
    self.rig = rig
    self.carrier = carrier
    _ = try rig.dial(on: carrier, RigPeer(dialsSession: false, at: rig.now))
    // From here on the peer is this one alone.
    rig.peers = []
    let view = try #require(rig.endpoint.tunnelViews.last?.protocolState)
    tunnel = view.localID
    rig.send(
      Self.message(
        10, tunnel, 0, ns: 2, nr: 1,
        Self.assignedSessionID + [
          0x80, 10, 0, 0, 0, 15, 0, 0, 0, 1,
        ]), on: carrier)
    let sessions = rig.endpoint.tunnelViews.last?.protocolState.sessions ?? []
    session = try #require(sessions.first?.localID)
    // The ICRP has arrived: what is missing is the ICCN alone.
    rig.send(Self.header(12, tunnel, 0, ns: 3, nr: 2), on: carrier)
  }

  /// The next message of the call.
  func send(_ type: UInt8, _ avps: [UInt8] = []) {
    rig.send(Self.message(type, tunnel, session, ns: 3, nr: 2, avps), on: carrier)
  }

  func sendICCN() {
    send(12, [0x80, 10, 0, 0, 0, 24, 0, 0, 0, 1, 0x80, 10, 0, 0, 0, 19, 0, 0, 0, 1])
  }

  private static func message(
    _ type: UInt8, _ tunnel: UInt16, _ session: UInt16, ns: UInt8, nr: UInt8, _ avps: [UInt8]
  ) -> [UInt8] {
    header(20 + avps.count, tunnel, session, ns: ns, nr: nr)
      + [0x80, 8, 0, 0, 0, 0, 0, type] + avps
  }

  private static func header(
    _ lengthBytes: Int, _ tunnel: UInt16, _ session: UInt16, ns: UInt8, nr: UInt8
  ) -> [UInt8] {
    [
      0xC8, 2, 0, UInt8(lengthBytes), UInt8(tunnel >> 8), UInt8(tunnel & 255),
      UInt8(session >> 8), UInt8(session & 255), 0, ns, 0, nr,
    ]
  }
}
