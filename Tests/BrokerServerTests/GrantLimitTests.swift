import Broker
import ConnectionService
import Primitives
import Testing

@testable import BrokerClient
@testable import BrokerServer

/// All grants are one event: what the broker sends at most fits into what a gateway reads.
@Suite(.timeLimit(.minutes(5))) struct GrantLimitTests {
  /// The longest that any can be.
  private func grant(_ number: Int) throws -> Grant {
    let digits = String(1_000_000 + number)
    let id = "c-" + String(repeating: "0", count: 16 - digits.count) + digits
    return Grant(
      connection: try ConnectionID(id).orFail(), operatorUser: String(repeating: "\"", count: 100),
      deviceUser: String(repeating: "p", count: Name.charactersMax),
      deviceAddress: "2001:0db8:1111:2222:3333:4444:255.255.255.255")
  }

  @Test func asManyGrantsAsAGatewayKeepsFitIntoOneEventWhateverTheirNames() throws {
    let one = try Answer.encode(GrantChange.all(grants: [try grant(0)])).count
    let two = try Answer.encode(GrantChange.all(grants: [try grant(0), try grant(1)])).count
    #expect(two - one <= Grant.bytesMax)
    #expect(one + (GrantChange.grantsMax - 1) * (two - one) <= GrantChange.bytesMax)
  }

  @Test func anEventAtItsLimitIsReadAndOneByteMoreIsNot() throws {
    let limit = 1000
    let atLimit = "data: " + String(repeating: "x", count: limit - 6)
    var reader = ServerSentEventReader(eventBytesMax: limit)
    let items = try reader.read((atLimit + "\n\n").utf8)
    #expect(items == [.event(id: nil, name: nil, data: String(atLimit.dropFirst(6)))])
    #expect(throws: ServerSentEventReader.TooLong.self) {
      try reader.read((atLimit + "x\n\n").utf8)
    }
    var severalLines = ServerSentEventReader(eventBytesMax: limit)
    #expect(throws: ServerSentEventReader.TooLong.self) {
      try severalLines.read("data: x\n\(atLimit)\n\n".utf8)
    }
  }

  /// Found while fuzzing was prepared: lines without a value weighed nothing, without end.
  @Test func emptyLinesOfDataCountTowardsTheLimitOfAnEvent() throws {
    let limit = 1000
    var reader = ServerSentEventReader(eventBytesMax: limit)
    let fits = String(repeating: "data\n", count: limit - 3)
    let items = try reader.read((fits + "\n").utf8)
    #expect(items == [.event(id: nil, name: nil, data: String(repeating: "\n", count: limit - 4))])
    #expect(throws: ServerSentEventReader.TooLong.self) {
      try reader.read((fits + "data\n\n").utf8)
    }
  }

  @Test func aGatewayReadsMoreGrantsThanOtherStreamsEventsMayWeigh() async throws {
    try await RunningBroker.run(plain: true) { broker in
      let wanted = try (0..<4000).map(grant)
      let organisation = try Name("default").orFail()
      let user = try Name("anna").orFail()
      let since = Timestamp(milliseconds: 0)
      let products = try (0..<400).map { number in
        let text = String(1000 + number) + String(repeating: "p", count: 60)
        return try ProductID(text).orFail()
      }
      try broker.rules.store.transact { (rows) throws(Refusal) in
        for product in products {
          try rows.insert(
            DeviceRecord(
              product: product, organisation: organisation, name: "n", enrolledAt: since))
        }
        for (index, grant) in wanted.enumerated() {
          var view = ConnectionView(
            id: grant.connection, productID: products[index / 10], user: user, phase: .up,
            requestedAt: since)
          view.vpnAddress = grant.deviceAddress
          try rows.insert(
            ConnectionRecord(
              view: view, organisation: organisation, operatorVPNUser: grant.operatorUser,
              slot: index % 10 + 1))
        }
      }
      let gateway = try broker.client(try await broker.token("gw1", .gateway))
      var changes = gateway.gatewayStream().makeAsyncIterator()
      guard case .change(.all(let grants)) = try await changes.next() else { throw Missing() }
      #expect(grants.map(\.connection) == wanted.map(\.connection))
      let bytes = try Answer.encode(GrantChange.all(grants: grants)).count
      #expect(bytes > ServerSentEventReader.eventBytesMax)
    }
  }
}
