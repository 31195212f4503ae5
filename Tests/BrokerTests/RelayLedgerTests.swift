import ConnectionService
import Primitives
import Testing

@testable import Broker

/// One relayed device's book, fed by hand.
@Suite(.timeLimit(.minutes(5))) struct RelayLedgerTests {
  private func ledger() throws -> RelayLedger {
    let pump = try product("pump-1")
    var ledger = RelayLedger(product: pump, user: try name("ours"))
    let device = DeviceView(
      productID: pump, name: "pump", online: true, enrolledAt: Timestamp(milliseconds: 0))
    _ = ledger.begin(device, connections: [], first: nil, acknowledged: HistoryCounts(), head: 10)
    return ledger
  }

  /// The stream begins again where it was cut, and may tell one more time what was told.
  @Test func cs23AnEventThatComesTwiceIsOneLine() throws {
    var ledger = try ledger()
    var event = ServiceEvent(.tunnelOpened, actor: "device", product: try product("pump-1"))
    event.sequence = 11
    ledger.receive(event)
    ledger.receive(event)
    let lines = ledger.report(epoch: 1)?.history.filter { $0.kind == .tunnelEstablished }
    #expect(lines?.count == 1)
  }

  @Test func cs23WithoutItsCarrierADeviceIsNotOnline() throws {
    var ledger = try ledger()
    #expect(ledger.isOnline)
    ledger.lost(at: .zero)
    #expect(!ledger.isOnline)
  }
}
