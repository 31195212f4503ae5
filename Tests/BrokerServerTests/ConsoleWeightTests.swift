import ConnectionService
import Primitives
import Testing

@testable import Broker
@testable import BrokerServer

/// What a browser loads for the first page, before compression.
@Suite(.timeLimit(.minutes(5))) struct ConsoleWeightTests {
  /// 50 KiB.
  private static let bytesMax = 51_200

  @Test func aFullFirstPageWithAllItsFilesWeighsNoMoreThan50KiB() throws {
    let page = try firstPage { number in
      (product: "press-line-\(100 + number)", name: "Press line \(100 + number), hall 3")
    }
    #expect(page.devices.items.count == DevicesPage.devicesMax)
    let html = page.page.html.text
    #expect(html.utf8.count + ConsoleFiles.shared.weight <= Self.bytesMax)
    // Nothing that it weighs is left out: every row is whole, and there is a way to the others.
    #expect(html.matches(of: /data-do="close"/).count == DevicesPage.devicesMax)
    #expect(html.contains("/console/?after=press-line-"))
  }

  @Test func theLongestNamesAddLessThan512BytesToADevice() throws {
    let usual = try firstPage { number in ("p-\(100 + number)", "Pump \(100 + number)") }
    let long = try firstPage { number in
      (
        product: "\(100 + number)" + String(repeating: "p", count: Name.charactersMax - 3),
        name: String(repeating: "n", count: Limits.nameBytesMax)
      )
    }
    let grown = long.page.html.text.utf8.count - usual.page.html.text.utf8.count
    #expect(grown / DevicesPage.devicesMax < 512)
  }

  @Test func filesKeepTheirLinesAndLoseWhatOnlyPeopleRead() throws {
    for name in ["console.css", "actions.js"] {
      let file = try #require(ConsoleFiles.shared.text(name))
      let lines = file.split(separator: "\n", omittingEmptySubsequences: false)
      #expect(lines.allSatisfy { !$0.hasPrefix(" ") && !$0.hasPrefix("//") && !$0.hasPrefix("/*") })
      #expect(lines.count > 200)
    }
  }

  /// As many devices as a page has, and more to come, each with its tunnel up and a connection of the
  /// administrator who reads the page.
  private func firstPage(
    _ names: (Int) -> (product: String, name: String)
  ) throws -> DevicesPage {
    let now = Timestamp(milliseconds: 1_790_000_000_000)
    let since = Timestamp(milliseconds: now.milliseconds - 3_723_000)
    let organisation = try Name("default").orFail()
    let user = try Name("maria.schmidt").orFail()
    let token = TokenRecord(
      id: "k-0000000000000001", hash: Digest(bytes: []), organisation: organisation, user: user,
      role: .admin, createdAt: since)
    var devices: [DeviceView] = []
    var live: [ProductID: [ConnectionView]] = [:]
    for number in 0..<DevicesPage.devicesMax {
      let (product, name) = names(number)
      let id = try ProductID(product).orFail()
      var device = DeviceView(productID: id, name: name, online: true, enrolledAt: since)
      device.reportedAt = now
      device.phase = .up
      device.tunnel = TunnelState(
        id: try TunnelID("t-0000000000000001").orFail(), vpnAddress: "10.99.100.\(100 + number)",
        upSince: since, inactivitySeconds: 1200, inactivityLeftSeconds: 1073, receivedBytes: 1,
        sentBytes: 1)
      device.connections = 1
      devices.append(device)
      var connection = ConnectionView(
        id: try ConnectionID("c-00000000000000\(10 + number)").orFail(), productID: id, user: user,
        phase: .up, requestedAt: since)
      connection.upAt = since
      connection.note = "belt stands still since 01:40"
      live[id] = [connection]
    }
    return DevicesPage(
      fields: FormFields(parsing: ""), caller: Caller(token: token, requestKey: Secret([])),
      now: now, devices: Page(items: devices, next: devices.last?.productID.text), live: live)
  }
}
