import ConnectionService
import Dataplane
import Primitives
import Testing

@testable import Gateway

/// Any sequence of grants, revocations and sessions leaves exactly the pairs that the naive model
/// works out, and never does more to a pair than it has to.
@Suite(.timeLimit(.minutes(5))) struct GrantPropertyTests {
  private static let users = ["anna", "bert", "pump", "fan"]
  private static let addresses = (1...6).map { IPv4Address(10, 0, 0, $0) }

  private struct Run {
    var random: SeededRandom
    var table: GrantTable
    var model: GrantModel
    var allowed: Set<SessionPair> = []
    var nextSession: UInt32 = 0

    init(seed: UInt64, grantsMax: Int) {
      random = SeededRandom(seed: seed)
      var limits = GrantTable.Limits()
      limits.sessionsPerUserMax = 2
      limits.grantsMax = grantsMax
      table = GrantTable(limits: limits)
      model = GrantModel(limits: limits)
    }

    mutating func pick<Element>(_ list: [Element]) -> Element {
      list[Int.random(in: 0..<list.count, using: &random)]
    }

    mutating func grant() -> Grant {
      Grant(
        Int.random(in: 0..<8, using: &random), pick(GrantPropertyTests.users),
        pick(GrantPropertyTests.users), "\(pick(GrantPropertyTests.addresses))")
    }

    /// One connection once, as a broker says it.
    mutating func someGrants() -> [Grant] {
      let count = Int.random(in: 0...6, using: &random)
      var grants: [Grant] = []
      for _ in 0..<count {
        let grant = Bool.random(using: &random) ? grant() : model.grants.last ?? grant()
        if !grants.contains(where: { $0.connection == grant.connection }) { grants.append(grant) }
      }
      return grants
    }

    mutating func tell(_ change: GrantChange) {
      table.apply(change, at: .zero)
      model.apply(change)
    }

    /// Returns whether it was the broker that said something.
    mutating func step() -> Bool {
      switch Int.random(in: 0..<10, using: &random) {
      case 0: tell(.all(grants: someGrants()))
      case 1...3: tell(.granted(grant: grant()))
      case 4...5: tell(.revoked(connection: .numbered(Int.random(in: 0..<8, using: &random))))
      case 6...7:
        sessionUp()
        return false
      default:
        sessionDown()
        return false
      }
      return true
    }

    mutating func sessionUp() {
      let isNew = model.sessions.isEmpty || Int.random(in: 0..<4, using: &random) > 0
      let id = isNew ? SessionID(nextSession) : pick(model.sessions).id
      nextSession += 1
      let (user, address) = (pick(GrantPropertyTests.users), pick(GrantPropertyTests.addresses))
      table.sessionUp(id, user: user, address: address)
      let known = model.sessions.first { $0.id == id }
      guard known?.user != user || known?.address != address else { return }
      model.sessions.removeAll { $0.id == id }
      model.sessions.append(.init(id: id, user: user, address: address))
    }

    mutating func sessionDown() {
      guard !model.sessions.isEmpty else { return table.sessionDown(SessionID(nextSession)) }
      let id = pick(model.sessions).id
      table.sessionDown(id)
      model.sessions.removeAll { $0.id == id }
    }

    /// Carries the orders out; each must change something.
    mutating func carryOut(_ orders: [GrantTable.Order]) {
      for order in orders {
        switch order {
        case .allow(let pair): #expect(allowed.insert(pair).inserted)
        case .deny(let pair): #expect(allowed.remove(pair) != nil)
        }
      }
    }
  }

  /// What is taken away comes first; no pair twice.
  private static func isOrderly(_ orders: [GrantTable.Order]) -> Bool {
    let ranks = orders.map { order in
      switch order {
      case .deny(let pair): (0, pair)
      case .allow(let pair): (1, pair)
      }
    }
    return zip(ranks, ranks.dropFirst()).allSatisfy { $0 < $1 }
      && Set(ranks.map(\.1)).count == orders.count
  }

  @Test(arguments: 0..<40, [3, 100])
  func pairsAreAlwaysThoseOfTheModel(seed: UInt64, grantsMax: Int) {
    var run = Run(seed: seed, grantsMax: grantsMax)
    for _ in 0..<300 {
      let isChange = run.step()
      let orders = run.table.drain()
      if isChange { #expect(Self.isOrderly(orders)) }
      run.carryOut(orders)
      let wanted = run.model.pairs
      #expect(run.allowed == wanted)
      for one in run.model.sessions {
        for other in run.model.sessions where one.id < other.id {
          let isWanted = SessionPair(one.id, other.id).map(wanted.contains) ?? false
          #expect(run.table.isAllowed(one.id, other.id) == isWanted)
        }
      }
    }
  }
}
