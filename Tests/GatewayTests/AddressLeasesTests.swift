import Dataplane
import Primitives
import Testing

@testable import Gateway

/// Who has which address, whatever the pools are called.
@Suite(.timeLimit(.minutes(5))) struct AddressLeasesTests {
  private let range = IPv4Address(10, 0, 0, 2)...IPv4Address(10, 0, 0, 4)

  private func pools(_ names: String...) -> [String: AddressPool] {
    Dictionary(uniqueKeysWithValues: names.map { ($0, AddressPool(range: range, reserved: [])) })
  }

  @Test func overlappingPoolsGiveNoAddressTwice() throws {
    var leases = AddressLeases(pools: pools("a", "b"))
    var given: Set<IPv4Address> = []
    for session: UInt32 in 1...3 {
      given.insert(
        try leases.take(static: nil, from: session == 2 ? "a" : "b", for: SessionID(session)))
    }
    #expect(given.count == 3)
    #expect(throws: AddressPool.Refusal.exhausted) {
      try leases.take(static: nil, from: "a", for: SessionID(4))
    }
  }

  @Test func aSessionThatAsksAgainKeepsItsAddress() throws {
    var leases = AddressLeases(pools: pools("a"))
    let first = try leases.take(static: nil, from: "a", for: SessionID(1))
    let again = try leases.take(static: nil, from: "a", for: SessionID(1))
    #expect(first == again)
    #expect(leases.count == 1)
  }

  @Test func anAddressComesBackOnce() throws {
    var leases = AddressLeases(pools: pools("a"))
    let static77 = IPv4Address(10, 0, 0, 77)
    _ = try leases.take(static: static77, from: "a", for: SessionID(1))
    leases.release(SessionID(1))
    _ = try leases.take(static: static77, from: "a", for: SessionID(2))
    leases.release(SessionID(1))
    #expect(throws: AddressPool.Refusal.inUse(static77)) {
      try leases.take(static: static77, from: "a", for: SessionID(3))
    }
  }

  @Test func newPoolsKnowWhatIsInUse() throws {
    var leases = AddressLeases(pools: pools("a"))
    let kept = try leases.take(static: nil, from: "a", for: SessionID(1))
    leases.replacePools(pools("b"))
    #expect(throws: AddressPool.Refusal.unknownPool) {
      try leases.take(static: nil, from: "a", for: SessionID(2))
    }
    for session: UInt32 in 2...3 {
      let next = try leases.take(static: nil, from: "b", for: SessionID(session))
      #expect(next != kept)
    }
    leases.release(SessionID(1))
    let last = try leases.take(static: nil, from: "b", for: SessionID(4))
    #expect(last == kept)
  }
}
