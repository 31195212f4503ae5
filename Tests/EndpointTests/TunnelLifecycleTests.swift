import Endpoint
import Primitives
import Testing

/// Rules LT-1 to LT-8, one line a step.
@Suite(.timeLimit(.minutes(5))) struct TunnelLifecycleTests {
  private let start = Instant.zero

  private func carryingOne(_ rules: TunnelRules) -> TunnelLifecycle {
    var lifecycle = TunnelLifecycle(rules)
    lifecycle.tunnelEstablished(at: start)
    lifecycle.sessionOpened(at: start)
    return lifecycle
  }

  @Test func lt1AStandardTunnelPersistsUntilItsIdleTimeoutToTheTick() {
    var lifecycle = carryingOne(TunnelRules())
    let orders = lifecycle.sessionRemoved(at: start + .seconds(5))
    #expect(orders == [])
    #expect(lifecycle.nextTimeout == start + .seconds(65))
    let early = lifecycle.handleTimeout(at: start + .seconds(65) - .nanoseconds(1))
    #expect(early == [])
    let due = lifecycle.handleTimeout(at: start + .seconds(65))
    #expect(due == [.disconnectTunnel(.idleTimeout)])
    let again = lifecycle.handleTimeout(at: start + .seconds(66))
    #expect(again == [])
  }

  @Test func lt1ASessionBeforeTheIdleTimeoutKeepsTheTunnel() {
    var lifecycle = carryingOne(TunnelRules())
    _ = lifecycle.sessionRemoved(at: start)
    lifecycle.sessionOpened(at: start + .seconds(59))
    let orders = lifecycle.handleTimeout(at: start + .seconds(60))
    #expect(orders == [])
    #expect(lifecycle.phase == .carrying(sessions: 1))
  }

  @Test func lt1AnIdleTimeoutOfZeroNeverExpires() {
    var lifecycle = carryingOne(TunnelRules(idleTimeout: .zero))
    _ = lifecycle.sessionRemoved(at: start)
    #expect(lifecycle.nextTimeout == nil)
  }

  @Test func lt2And3TheIPsecConnectionOfAStandardTunnelGoesWhenTheDestructTimeoutExpires() {
    var lifecycle = carryingOne(TunnelRules())
    let closed = lifecycle.tunnelClosed(at: start)
    #expect(closed == [])
    #expect(lifecycle.nextTimeout == start + .seconds(600))
    let due = lifecycle.handleTimeout(at: start + .seconds(600))
    #expect(due == [.disconnectIPsec(.destructTimeout), .forget])
    #expect(lifecycle.phase == .gone)
  }

  @Test func lt5And8ASingleShotTunnelDisconnectsAsSoonAsItsSessionIsGone() {
    var lifecycle = carryingOne(TunnelRules(isSingleShot: true))
    let orders = lifecycle.sessionRemoved(at: start)
    #expect(orders == [.markIPsecSpent, .disconnectTunnel(.singleShotSpent)])
  }

  @Test func lt7TheIPsecConnectionOfASingleShotTunnelGoesAtTheBeginningOfTheDestructTimeout() {
    var lifecycle = carryingOne(TunnelRules(isSingleShot: true))
    _ = lifecycle.sessionRemoved(at: start)
    let closed = lifecycle.tunnelClosed(at: start)
    #expect(closed == [.markIPsecSpent, .disconnectIPsec(.singleShotSpent)])
    let due = lifecycle.handleTimeout(at: start + .seconds(600))
    #expect(due == [.forget])
  }

  @Test func lt8ATunnelThatFailsToNegotiateSpendsTheSingleShotConnection() {
    var lifecycle = TunnelLifecycle(TunnelRules(isSingleShot: true))
    #expect(lifecycle.phase == .negotiating)
    let closed = lifecycle.tunnelClosed(at: start)
    #expect(closed == [.markIPsecSpent, .disconnectIPsec(.singleShotSpent)])
    #expect(lifecycle.phase == .destructing(until: start + .seconds(600)))
  }

  /// The session was never opened: its end is not that of the last session.
  @Test func lt8ASessionThatFailsToNegotiateSpendsTheSingleShotConnection() {
    let spent: [TunnelLifecycle.Order] = [.markIPsecSpent, .disconnectTunnel(.singleShotSpent)]
    var negotiating = TunnelLifecycle(TunnelRules(isSingleShot: true))
    let early = negotiating.sessionFailed()
    #expect(early == spent)
    var idle = TunnelLifecycle(TunnelRules(isSingleShot: true))
    idle.tunnelEstablished(at: start)
    let only = idle.sessionFailed()
    #expect(only == spent)
    var carrying = carryingOne(TunnelRules(isSingleShot: true))
    let another = carrying.sessionFailed()
    #expect(another == spent)
    _ = carrying.tunnelClosed(at: start)
    let late = carrying.sessionFailed()
    #expect(late == [])
  }

  @Test func lt8ASessionThatFailsToNegotiateChangesNothingOfAStandardTunnel() {
    var idle = TunnelLifecycle(TunnelRules())
    idle.tunnelEstablished(at: start)
    let orders = idle.sessionFailed()
    #expect(orders == [])
    // It stays until its idle timeout, which began when it was established (LT-1).
    #expect(idle.phase == .idle(until: start + .seconds(60)))
    var carrying = carryingOne(TunnelRules())
    let others = carrying.sessionFailed()
    #expect(others == [])
    #expect(carrying.phase == .carrying(sessions: 1))
  }

  @Test func aTunnelClosesOnce() {
    var lifecycle = carryingOne(TunnelRules(isSingleShot: true))
    _ = lifecycle.tunnelClosed(at: start)
    let second = lifecycle.tunnelClosed(at: start + .seconds(1))
    #expect(second == [])
    let late = lifecycle.sessionRemoved(at: start + .seconds(1))
    #expect(late == [])
    #expect(lifecycle.nextTimeout == start + .seconds(600))
  }
}
