import Broker
import ConnectionService
import Primitives
import Testing

@testable import Simulation

/// The checkers of the service, with books that somebody has doctored.
@Suite(.timeLimit(.minutes(5))) struct ServiceCheckerTests {
  private let one: ConnectionID
  private let two: ConnectionID
  private let tunnel: TunnelID
  private let product: ProductID

  init() throws {
    var random = SeededRandom(seed: 1)
    one = ConnectionID(using: &random)
    two = ConnectionID(using: &random)
    tunnel = TunnelID(using: &random)
    product = try #require(ProductID("pump"))
  }

  private func at(_ milliseconds: Int64) -> Instant { .zero + .milliseconds(milliseconds) }

  private func rule(_ body: () throws(BrokenPromise) -> Void) -> String? {
    do throws(BrokenPromise) { try body() } catch { return error.rule }
    return nil
  }

  private func ledger(_ change: (inout LedgerAtRest) -> Void) -> String? {
    var ledger = LedgerAtRest(product: product)
    ledger.broker = [one: .up]
    ledger.agent = [one]
    ledger.agentPhase = .up
    ledger.gateway = [one]
    change(&ledger)
    return rule { () throws(BrokenPromise) in try ledger.check(at: .zero) }
  }

  @Test func ledgersAtRestAreEqual() {
    #expect(ledger { _ in } == nil)
    #expect(ledger { $0.broker = [:] } == "at rest")
    #expect(ledger { $0.broker[one] = .closing } == "at rest")
    #expect(ledger { $0.agent = [one, two] } == "at rest")
    #expect(ledger { $0.gateway = [] } == "at rest")
    #expect(ledger { $0.commands = 1 } == "at rest")
    #expect(ledger { $0.agentPhase = .closing } == "at rest")
    #expect(ledger { $0.untold = 1 } == "at rest")
    #expect(ledger { $0.lostByHistory = [tunnel] } == "CS-13")
    #expect(ledger { $0.lostByEvents = [tunnel] } == "CS-13")
  }

  @Test func cs25APairMayTalkForOneSecondAfterItsConnection() {
    var checker = GrantChecker()
    func note(_ pairs: Set<String>, _ follows: Bool, _ time: Int64) -> String? {
      rule { () throws(BrokenPromise) in
        try checker.note(unjustified: pairs, missing: [], isFollowing: follows, at: at(time))
      }
    }
    #expect(note(["a"], true, 0) == nil)
    #expect(note(["a"], true, 1_000) == nil)
    #expect(note(["a"], false, 1_001) == nil, "the gateway does not hear its broker")
    #expect(note(["a"], true, 5_000) == nil)
    #expect(note(["a"], true, 6_000) == nil)
    #expect(note(["a"], true, 6_001) == "CS-25")
  }

  @Test func anEleventhConnectionIsNoticedAndASlotTakenTwice() throws {
    let organisation = try #require(Name("acme"))
    let device = DeviceRecord(
      product: product, organisation: organisation, name: "pump",
      enrolledAt: Timestamp(milliseconds: 0))
    func check(_ slots: [Int]) -> String? {
      var random = SeededRandom(seed: 2)
      let live = slots.map { slot in
        var view = ConnectionView(
          id: ConnectionID(using: &random), productID: product, user: organisation,
          phase: .up, requestedAt: Timestamp(milliseconds: 0))
        view.phase = .up
        return ConnectionRecord(
          view: view, organisation: organisation, operatorVPNUser: "anna", slot: slot)
      }
      var checker = BrokerBooksChecker()
      return rule { () throws(BrokenPromise) in
        try checker.check(device, live: live, commands: [], at: .zero)
      }
    }
    #expect(check(Array(1...10)) == nil)
    #expect(check(Array(1...11)) == "CS-3")
    #expect(check([1, 1]) == "CS-3")
    #expect(check([0]) == "CS-3")
  }

  @Test func aConnectionThatEndsTwiceIsNoticed() throws {
    var view = ConnectionView(
      id: one, productID: product, user: try #require(Name("anna")), phase: .closed,
      requestedAt: Timestamp(milliseconds: 0))
    var checker = EndChecker()
    #expect(rule { () throws(BrokenPromise) in try checker.note(view, at: .zero) } == "one reason")
    view.upAt = Timestamp(milliseconds: 1)
    view.closedAt = Timestamp(milliseconds: 2)
    view.reason = .requested
    #expect(rule { () throws(BrokenPromise) in try checker.note(view, at: .zero) } == nil)
    view.reason = .inactivity
    #expect(rule { () throws(BrokenPromise) in try checker.note(view, at: .zero) } == "one reason")
  }

  @Test func aDialWithoutAConnectIsNoticedAndOneForAConnectThatStood() {
    var checker = DialChecker()
    func dial(_ id: ConnectionID?, _ isAnotherLive: Bool = false) -> String? {
      rule { () throws(BrokenPromise) in
        try checker.noteDial(for: id, isAnotherLive: isAnotherLive, at: .zero)
      }
    }
    #expect(dial(nil) == "CS-5")
    #expect(dial(one, true) == "CS-3")
    #expect(dial(one) == nil)
    var line = HistoryEvent(
      sequence: 1, time: Timestamp(milliseconds: 0), kind: .connectionOpened)
    line.connection = one
    checker.note(line)
    #expect(dial(one) == "CS-5")
    #expect(dial(two) == nil)
  }
}
