import Dataplane
import Endpoint
import IKE
import Primitives
import Simulation
import Testing

/// Every checker notices the fault that it is for, and leaves the right sequence alone.
@Suite(.timeLimit(.minutes(5))) struct CheckerTests {
  private typealias Step = (seconds: Int64, occurrence: Occurrence)

  private static let connection = ConnectionID(value: 1)
  private static let tunnel = TunnelNumber(1)
  private static let session = SessionID(1)
  private static let user = IPv4Address(10, 66, 0, 2)
  private static let path = Path(
    local: SocketAddress(.v4(IPv4Address(192, 0, 2, 1)), port: 500),
    remote: SocketAddress(.v4(IPv4Address(192, 0, 2, 2)), port: 500), floated: false)
  private static let single = TunnelRules(destructTimeout: .seconds(10), isSingleShot: true)
  private static let standard = TunnelRules(
    idleTimeout: .seconds(60), destructTimeout: .seconds(10))

  private static func at(_ seconds: Int64) -> Instant { .zero + .seconds(seconds) }

  /// Plays the steps; the rule that was broken, if any. Every second is looked at.
  private func broken(
    _ checker: some Checker, _ steps: [Step], until end: Int64 = 0
  ) -> String? {
    var checker = checker
    var seconds: Int64 = 0
    do throws(BrokenPromise) {
      for step in steps {
        while seconds < step.seconds {
          seconds += 1
          try checker.checkOverdue(at: Self.at(seconds))
        }
        try checker.note(step.occurrence, at: Self.at(step.seconds))
      }
      while seconds < end {
        seconds += 1
        try checker.checkOverdue(at: Self.at(seconds))
      }
    } catch {
      return error.rule
    }
    return nil
  }

  private func opening(_ rules: TunnelRules) -> [Step] {
    [
      (0, .connectionUp(Self.connection)), (0, .pairUp(256, on: Self.connection)),
      (1, .tunnelOpened(Self.tunnel, on: Self.connection, rules: rules)),
      (1, .tunnelUp(Self.tunnel)), (2, .sessionOpened(Self.session, in: Self.tunnel)),
      (3, .sessionUp(Self.session, address: Self.user)),
    ]
  }

  private func closing(at seconds: Int64) -> [Step] {
    [
      (seconds, .sessionClosed(Self.session, .requested)),
      (seconds, .tunnelClosed(Self.tunnel, .singleShotSpent)),
      (seconds, .pairDown(256, .requested)),
      (seconds, .connectionDown(Self.connection, .singleShotSpent, detail: "")),
    ]
  }

  @Test func anOrderlyLifePassesEveryChecker() {
    let steps =
      opening(Self.single) + closing(at: 20) + [
        (30, .sessionForgotten(Self.session)), (30, .tunnelForgotten(Self.tunnel)),
      ]
    #expect(broken(LifeChecker(), steps) == nil)
    #expect(broken(SingleShotChecker(), steps, until: 60) == nil)
    #expect(broken(TunnelTimerChecker(), steps, until: 60) == nil)
    #expect(broken(InactivityChecker(timeout: .seconds(20)), steps, until: 60) == nil)
    #expect(broken(DeadPeerChecker(timeout: .seconds(30)), steps, until: 60) == nil)
    #expect(broken(ReturnChecker(), steps) == nil)
  }

  // One life, one reason

  @Test func aSecondEndIsNoticed() {
    let twice: [Step] = [(21, .sessionClosed(Self.session, .deadPeer))]
    #expect(broken(LifeChecker(), opening(Self.standard) + closing(at: 20) + twice) == "one reason")
    let connection: [Step] = [(21, .connectionDown(Self.connection, .deadPeer, detail: ""))]
    #expect(
      broken(LifeChecker(), opening(Self.standard) + closing(at: 20) + connection) == "one reason")
  }

  @Test func aTunnelThatEndsBeforeItsSessionIsNoticed() {
    let steps = opening(Self.standard) + [(5, .tunnelClosed(Self.tunnel, .requested))]
    #expect(broken(LifeChecker(), steps) == "order")
  }

  @Test func aRecordThatGoesWithoutAReasonIsNoticed() {
    let steps = opening(Self.standard) + [(5, .sessionForgotten(Self.session))]
    #expect(broken(LifeChecker(), steps) == "one reason")
  }

  @Test func whatNeverEndedIsNoticed() throws {
    var checker = LifeChecker()
    for step in opening(Self.standard) {
      try checker.note(step.occurrence, at: Self.at(step.seconds))
    }
    #expect(!checker.isAllOver)
    #expect(throws: BrokenPromise.self) {
      try ResidueChecker.check("host", HostResidue(), isAllOver: false, at: .zero)
    }
  }

  @Test func anythingLeftIsNoticed() throws {
    try ResidueChecker.check("host", HostResidue(), isAllOver: true, at: .zero)
    var residue = HostResidue()
    residue.halfOpen = 1
    #expect(throws: BrokenPromise.self) {
      try ResidueChecker.check("host", residue, isAllOver: true, at: .zero)
    }
    var endpoint = EndpointResidue()
    endpoint.deadlines = 1
    #expect(throws: BrokenPromise.self) {
      try ResidueChecker.check("host", HostResidue(endpoint: endpoint), isAllOver: true, at: .zero)
    }
  }

  // Single-shot

  @Test func aSecondSessionOfASingleShotTunnelIsNoticed() {
    let steps = opening(Self.single) + [(5, .sessionOpened(SessionID(2), in: Self.tunnel))]
    #expect(broken(SingleShotChecker(), steps) == "LT-4")
    let allowed = opening(Self.standard) + [(5, .sessionOpened(SessionID(2), in: Self.tunnel))]
    #expect(broken(SingleShotChecker(), allowed) == nil)
  }

  @Test func aSecondTunnelOnASingleShotConnectionIsNoticed() {
    for rules in [Self.single, Self.standard] {
      let another: Occurrence = .tunnelOpened(
        TunnelNumber(2), on: Self.connection, rules: rules)
      #expect(broken(SingleShotChecker(), opening(Self.single) + [(5, another)]) == "LT-6")
    }
    // Single-shot rules that come later do not make a used connection a fresh one.
    let late: Occurrence = .tunnelOpened(TunnelNumber(2), on: Self.connection, rules: Self.single)
    #expect(broken(SingleShotChecker(), opening(Self.standard) + [(5, late)]) == "LT-6")
  }

  @Test func aTunnelOnASpentConnectionIsNoticed() {
    let steps =
      opening(Self.single) + [
        (5, .sessionClosed(Self.session, .requested)),
        (5, .tunnelOpened(TunnelNumber(2), on: Self.connection, rules: Self.standard)),
      ]
    #expect(broken(SingleShotChecker(), steps) == "LT-8")
  }

  @Test func aTunnelOrConnectionThatOutlivesItsOneSessionIsNoticed() {
    let session: [Step] = [(5, .sessionClosed(Self.session, .requested))]
    #expect(broken(SingleShotChecker(), opening(Self.single) + session, until: 6) == "LT-5")
    let tunnel: [Step] = session + [(5, .tunnelClosed(Self.tunnel, .singleShotSpent))]
    #expect(broken(SingleShotChecker(), opening(Self.single) + tunnel, until: 6) == "LT-7")
  }

  @Test func lt8ACallThatFailsAndLeavesItsSingleShotTunnelIsNoticed() {
    let failed: [Step] = [
      (0, .connectionUp(Self.connection)),
      (1, .tunnelOpened(Self.tunnel, on: Self.connection, rules: Self.single)),
      (1, .tunnelUp(Self.tunnel)), (5, .sessionFailed(in: Self.tunnel)),
    ]
    #expect(broken(SingleShotChecker(), failed, until: 6) == "LT-8")
    let closed: [Step] = [
      (5, .tunnelClosed(Self.tunnel, .singleShotSpent)),
      (5, .connectionDown(Self.connection, .singleShotSpent, detail: "")),
    ]
    #expect(broken(SingleShotChecker(), failed + closed, until: 6) == nil)
    // A second call beside the session that there is fails without consequence (LT-4).
    let second: [Step] = [(5, .sessionFailed(in: Self.tunnel))]
    #expect(broken(SingleShotChecker(), opening(Self.single) + second, until: 6) == nil)
  }

  @Test func aPacketOrSAAfterTheShotIsNoticed() {
    let packet: [Step] = [(21, .userPacket(Self.session))]
    #expect(broken(SingleShotChecker(), opening(Self.single) + closing(at: 20) + packet) == "LT-5")
    let successor: [Step] = [(21, .pairUp(257, on: Self.connection))]
    #expect(
      broken(SingleShotChecker(), opening(Self.single) + closing(at: 20) + successor) == "LT-9")
  }

  // Timers

  @Test func anIdleTimeoutOffItsTickIsNoticed() {
    let idle: [Step] =
      opening(Self.standard) + [
        (10, .sessionClosed(Self.session, .requested)), (20, .sessionForgotten(Self.session)),
      ]
    let closed: Occurrence = .tunnelClosed(Self.tunnel, .idleTimeout)
    #expect(broken(TunnelTimerChecker(), idle + [(69, closed)]) == "LT-1")
    #expect(broken(TunnelTimerChecker(), idle + [(70, closed)]) == nil)
    #expect(broken(TunnelTimerChecker(), idle, until: 71) == "LT-1")
  }

  @Test func aRecordThatGoesTooEarlyOrTooLateIsNoticed() {
    let closed = opening(Self.standard) + closing(at: 20)
    let forgotten: Occurrence = .tunnelForgotten(Self.tunnel)
    #expect(broken(TunnelTimerChecker(), closed + [(29, forgotten)]) == "LT-2")
    #expect(broken(TunnelTimerChecker(), closed, until: 31) == "LT-2")
    #expect(
      broken(TunnelTimerChecker(), closed + [(29, .sessionForgotten(Self.session))]) == "LT-2")
  }

  @Test func theRecordOfATunnelWithoutIPsecThatNeverWasUpGoesAtOnce() {
    let closed: [Step] = [
      (1, .tunnelOpened(Self.tunnel, on: nil, rules: Self.standard)),
      (2, .tunnelClosed(Self.tunnel, .authenticationFailed)),
    ]
    #expect(
      broken(TunnelTimerChecker(), closed + [(2, .tunnelForgotten(Self.tunnel))]) == nil)
    #expect(broken(TunnelTimerChecker(), closed, until: 3) == "LT-2")
  }

  @Test func anIPsecConnectionThatOutlivesItsTunnelsRecordIsNoticed() {
    let steps =
      opening(Self.standard) + [
        (20, .sessionClosed(Self.session, .requested)),
        (20, .tunnelClosed(Self.tunnel, .requested)), (30, .sessionForgotten(Self.session)),
        (30, .tunnelForgotten(Self.tunnel)),
      ]
    #expect(broken(TunnelTimerChecker(), steps, until: 31) == "LT-3")
    let down: Occurrence = .connectionDown(Self.connection, .destructTimeout, detail: "")
    #expect(broken(TunnelTimerChecker(), steps + [(30, down)], until: 31) == nil)
  }

  @Test func aKeepaliveThatProlongsASessionIsNoticed() {
    let steps = opening(Self.standard) + [(10, .userPacket(Self.session))]
    let closing: Occurrence = .sessionClosing(Self.session, .inactivity)
    let checker = InactivityChecker(timeout: .seconds(20))
    #expect(broken(checker, steps + [(30, closing)]) == nil)
    #expect(broken(checker, steps + [(29, closing)]) == "inactivity")
    #expect(broken(checker, steps, until: 31) == "inactivity")
    let again = steps + [(15, .sessionUp(Self.session, address: Self.user))]
    #expect(broken(checker, again + [(30, closing)]) == nil)
    #expect(broken(checker, again, until: 31) == "inactivity")
  }

  @Test func aKeepaliveThatCountsAsUserActivityIsNoticed() throws {
    var checker = UserActivityChecker()
    try checker.compare(Self.session, reported: nil, at: Self.at(1))
    checker.note(.userPacket(Self.session), at: Self.at(2))
    try checker.compare(Self.session, reported: Self.at(2), at: Self.at(3))
    #expect(throws: BrokenPromise.self) {
      try checker.compare(Self.session, reported: Self.at(4), at: Self.at(4))
    }
    #expect(throws: BrokenPromise.self) {
      try checker.compare(SessionID(2), reported: Self.at(4), at: Self.at(4))
    }
  }

  // Liveness and return

  @Test func aDeadPeerThatIsNotFoundIsNoticed() {
    let steps: [Step] = [
      (0, .connectionUp(Self.connection)),
      (0, .connectionPath(Self.connection, Self.path, mayAsk: true)),
    ]
    #expect(broken(DeadPeerChecker(timeout: .seconds(30)), steps, until: 30) == nil)
    #expect(broken(DeadPeerChecker(timeout: .seconds(30)), steps, until: 31) == "DPD")
  }

  @Test func aLivePeerThatIsCalledDeadIsNoticed() {
    var checker = DeadPeerChecker(timeout: .seconds(30))
    let dead: [Step] = [
      (40, .connectionDown(Self.connection, .deadPeer, detail: "no authenticated traffic for 30 s"))
    ]
    #expect(broken(checker, opening(Self.standard) + dead) == nil)
    for step in opening(Self.standard) {
      #expect(throws: Never.self) {
        try checker.note(step.occurrence, at: Self.at(step.seconds))
      }
    }
    checker.noteUserPacket(from: Self.session, at: Self.at(20))
    #expect(broken(checker, dead) == "DPD")
  }

  @Test func aTunnelThatComesBackByItselfIsNoticed() {
    let steps = opening(Self.standard) + closing(at: 20)
    #expect(broken(ReturnChecker(), steps + [(21, .tunnelUp(TunnelNumber(2)))]) == "CS-5")
    let connection: Occurrence = .connectionUp(ConnectionID(value: 2))
    #expect(broken(ReturnChecker(), steps + [(21, connection)]) == "CS-5")
  }

  @Test func retriesOffTheirPauseOrPastTheirLimitAreNoticed() {
    func failure(at seconds: Int64, pause: Duration) -> Step {
      (
        seconds,
        .attemptFailed(
          Self.connection, .retriesExhausted, retryAt: Self.at(seconds) + pause)
      )
    }
    let right = [
      failure(at: 1, pause: .milliseconds(1_200)), failure(at: 9, pause: .milliseconds(1_600)),
    ]
    #expect(broken(RetryChecker(retriesMax: 2), right) == nil)
    #expect(broken(RetryChecker(retriesMax: 1), right) == "IK-13")
    let early = [failure(at: 1, pause: .milliseconds(799))]
    #expect(broken(RetryChecker(retriesMax: 2), early) == "IK-14")
  }

  @Test func theUnwelcomeWhoGetInAreNoticed() {
    #expect(broken(AdmissionChecker(.whole), opening(Self.standard)) == nil)
    #expect(broken(AdmissionChecker(.none), opening(Self.standard)) == "admission")
    #expect(broken(AdmissionChecker(.connectionOnly), opening(Self.standard)) == "admission")
  }
}
