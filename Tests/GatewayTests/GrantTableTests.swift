import ConnectionService
import Dataplane
import Primitives
import Testing

@testable import Gateway

@Suite(.timeLimit(.minutes(5))) struct GrantTableTests {
  private static let deviceAddress = IPv4Address(10, 0, 0, 9)
  private static let (person, device) = (SessionID(1), SessionID(2))

  private func pair(_ one: UInt32, _ other: UInt32) throws -> SessionPair {
    try #require(SessionPair(SessionID(one), SessionID(other)))
  }

  /// Operator `anna` on session 1, device `pump` on session 2.
  private func table(_ limits: GrantTable.Limits = GrantTable.Limits()) -> GrantTable {
    var table = GrantTable(limits: limits)
    table.sessionUp(Self.person, user: "anna", address: IPv4Address(10, 0, 0, 2))
    table.sessionUp(Self.device, user: "pump", address: Self.deviceAddress)
    return table
  }

  private func orders(
    _ table: inout GrantTable, after change: GrantChange
  ) -> [GrantTable.Order] {
    table.apply(change, at: .zero)
    return table.drain()
  }

  private func grant(_ number: Int = 1) -> Grant { Grant(number, "anna", "pump", "10.0.0.9") }

  @Test func cs25AGrantAllowsAtOnceAndItsEndDeniesAtOnce() throws {
    var table = table()
    #expect(table.drain() == [])
    #expect(orders(&table, after: .granted(grant: grant())) == [.allow(try pair(1, 2))])
    #expect(
      orders(&table, after: .revoked(connection: .numbered(1))) == [.deny(try pair(1, 2))])
  }

  @Test func twoConnectionsOfOneOperatorKeepThePairUntilTheSecondEnds() throws {
    var table = table()
    #expect(orders(&table, after: .granted(grant: grant(1))) == [.allow(try pair(1, 2))])
    #expect(orders(&table, after: .granted(grant: grant(2))) == [])
    #expect(orders(&table, after: .revoked(connection: .numbered(1))) == [])
    // A second revocation of the same connection takes nothing from the other.
    #expect(orders(&table, after: .revoked(connection: .numbered(1))) == [])
    #expect(
      orders(&table, after: .revoked(connection: .numbered(2))) == [.deny(try pair(1, 2))])
  }

  @Test func sessionsThatComeLaterAreAllowedWhenTheyCome() throws {
    var table = GrantTable()
    table.apply(.granted(grant: grant()), at: .zero)
    table.sessionUp(Self.device, user: "pump", address: Self.deviceAddress)
    #expect(table.drain() == [])
    table.sessionUp(Self.person, user: "anna", address: IPv4Address(10, 0, 0, 2))
    table.sessionUp(SessionID(3), user: "anna", address: IPv4Address(10, 0, 0, 3))
    table.sessionUp(SessionID(4), user: "bert", address: IPv4Address(10, 0, 0, 4))
    #expect(table.drain() == [.allow(try pair(1, 2)), .allow(try pair(2, 3))])
    table.sessionDown(Self.device)
    #expect(table.drain() == [.deny(try pair(1, 2)), .deny(try pair(2, 3))])
  }

  @Test func anotherAddressOfTheDeviceIsNotMeant() throws {
    var table = table()
    #expect(orders(&table, after: .granted(grant: Grant(1, "anna", "pump", "10.0.0.8"))) == [])
    table.sessionUp(Self.device, user: "pump", address: IPv4Address(10, 0, 0, 8))
    #expect(table.drain() == [.allow(try pair(1, 2))])
    table.sessionUp(Self.device, user: "pump", address: Self.deviceAddress)
    #expect(table.drain() == [.deny(try pair(1, 2))])
  }

  @Test func allReplacesEverythingAndLeavesAloneWhatStays() throws {
    var table = table()
    table.sessionUp(SessionID(3), user: "bert", address: IPv4Address(10, 0, 0, 3))
    let bert = Grant(5, "bert", "pump", "10.0.0.9")
    #expect(orders(&table, after: .all(grants: [grant(1)])) == [.allow(try pair(1, 2))])
    // Another connection says the same: nothing happens to the pair.
    #expect(orders(&table, after: .all(grants: [grant(2), bert])) == [.allow(try pair(2, 3))])
    #expect(orders(&table, after: .all(grants: [bert, grant(2)])) == [])
    #expect(
      orders(&table, after: .all(grants: [])) == [.deny(try pair(1, 2)), .deny(try pair(2, 3))])
    #expect(table.views == [])
  }

  @Test func aConnectionThatIsGrantedAnewHasItsNewGrantOnly() throws {
    var table = table()
    table.sessionUp(SessionID(3), user: "fan", address: IPv4Address(10, 0, 0, 3))
    table.apply(.granted(grant: grant()), at: .zero)
    _ = table.drain()
    #expect(
      orders(&table, after: .granted(grant: Grant(1, "anna", "fan", "10.0.0.3")))
        == [.deny(try pair(1, 2)), .allow(try pair(1, 3))])
  }

  @Test func oneGrantPastTheMaximumIsRefusedAndCounted() throws {
    var limits = GrantTable.Limits()
    limits.grantsMax = 2
    var table = table(limits)
    let others = [Grant(1, "a", "b", "10.0.0.1"), Grant(2, "a", "b", "10.0.0.1")]
    #expect(orders(&table, after: .all(grants: others + [grant(3)])) == [])
    #expect(table.refused == 1)
    #expect(orders(&table, after: .granted(grant: grant(4))) == [])
    #expect(table.refused == 2)
    #expect(table.entries.count == 2)
    table.apply(.revoked(connection: .numbered(1)), at: .zero)
    #expect(orders(&table, after: .granted(grant: grant(4))) == [.allow(try pair(1, 2))])
  }

  @Test func oneSessionPastTheMaximumOfAUserWaitsUntilAnOlderOneEnds() throws {
    var limits = GrantTable.Limits()
    limits.sessionsPerUserMax = 2
    var table = table(limits)
    table.apply(.granted(grant: grant()), at: .zero)
    for number: UInt32 in [8, 7] {
      table.sessionUp(
        SessionID(number), user: "anna", address: IPv4Address(10, 0, 1, UInt8(number)))
    }
    #expect(table.drain() == [.allow(try pair(1, 2)), .allow(try pair(2, 8))])
    table.sessionDown(Self.person)
    #expect(table.drain() == [.deny(try pair(1, 2)), .allow(try pair(2, 7))])
  }

  @Test(arguments: ["", "fd00::1", "10.0.0", "10.0.0.9 ", "pump"])
  func aGrantForNoAddressIsRefused(address: String) {
    var table = table()
    #expect(orders(&table, after: .granted(grant: Grant(1, "anna", "pump", address))) == [])
    #expect(table.refused == 1)
    #expect(table.entries.isEmpty)
  }

  @Test func aNameOneBytePastTheMaximumIsRefused() {
    var table = table()
    let long = String(repeating: "x", count: 255)
    table.apply(.granted(grant: Grant(1, long, "pump", "10.0.0.9")), at: .zero)
    #expect(table.refused == 0)
    table.apply(.granted(grant: Grant(2, long + "x", "pump", "10.0.0.9")), at: .zero)
    table.apply(.granted(grant: Grant(3, "anna", "", "10.0.0.9")), at: .zero)
    #expect(table.refused == 2)
  }

  @Test func aPairWithoutRoomIsTriedAgainWhenOneIsTakenAway() throws {
    var table = table()
    table.sessionUp(SessionID(3), user: "anna", address: IPv4Address(10, 0, 0, 3))
    table.apply(.granted(grant: grant()), at: .zero)
    #expect(table.drain() == [.allow(try pair(1, 2)), .allow(try pair(2, 3))])
    table.couldNotAllow(try pair(2, 3))
    #expect(table.drain() == [])
    #expect(!table.isAllowed(SessionID(2), SessionID(3)))
    table.sessionDown(Self.person)
    #expect(table.drain() == [.deny(try pair(1, 2)), .allow(try pair(2, 3))])
    #expect(table.isAllowed(SessionID(2), SessionID(3)))
  }

  /// Room comes while it waits, and its grant is gone by then: it is not tried again.
  @Test func aPairWithoutRoomAndWithoutGrantIsNotTriedAgain() throws {
    for isGrantKept in [true, false] {
      var table = table()
      table.sessionUp(SessionID(3), user: "bert", address: IPv4Address(10, 0, 0, 3))
      table.apply(.granted(grant: grant(1)), at: .zero)
      table.apply(.granted(grant: Grant(2, "bert", "pump", "10.0.0.9")), at: .zero)
      #expect(table.drain() == [.allow(try pair(1, 2)), .allow(try pair(2, 3))])
      table.couldNotAllow(try pair(2, 3))
      if !isGrantKept {
        #expect(orders(&table, after: .revoked(connection: .numbered(2))) == [])
      }
      let retried: [GrantTable.Order] = isGrantKept ? [.allow(try pair(2, 3))] : []
      #expect(
        orders(&table, after: .revoked(connection: .numbered(1)))
          == [.deny(try pair(1, 2))] + retried)
      #expect(table.isAllowed(SessionID(2), SessionID(3)) == isGrantKept)
    }
  }

  @Test func viewsSayWhyNothingPasses() throws {
    var table = GrantTable()
    table.apply(.granted(grant: grant()), at: Instant.zero + .seconds(5))
    #expect(table.views.map(\.obstacle) == [.deviceNotConnected])
    table.sessionUp(Self.device, user: "pump", address: IPv4Address(10, 0, 0, 8))
    #expect(table.views.map(\.obstacle) == [.addressDiffers])
    table.sessionUp(Self.device, user: "pump", address: Self.deviceAddress)
    #expect(table.views.map(\.obstacle) == [.operatorNotConnected])
    #expect(table.views.map(\.deviceSession) == [Self.device])
    table.sessionUp(Self.person, user: "anna", address: IPv4Address(10, 0, 0, 2))
    #expect(table.views.map(\.obstacle) == [nil])
    #expect(table.views.map(\.operatorSessions) == [[Self.person]])
    #expect(table.views.map(\.since) == [Instant.zero + .seconds(5)])
    table.couldNotAllow(try pair(1, 2))
    #expect(table.views.map(\.obstacle) == [.limitReached])
  }
}
