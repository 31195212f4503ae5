import AsyncHTTPClient
import Broker
import BrokerClient
import ConnectionService
import Foundation
import HTTPTypes
import Hummingbird
import Primitives
import Testing

@testable import BrokerServer

@Suite(.timeLimit(.minutes(5))) struct OutletTests {
  @Test func cs26EveryEventIsInTheFileAndTheChainHolds() async throws {
    try await RunningBroker.run(
      plain: true,
      configured: { configuration, folder in
        configuration.eventsFile = folder.path + "/events.jsonl"
      }
    ) { broker in
      for index in 0..<3 { _ = try await broker.token("user\(index)", .viewer) }
      let all = try broker.rules.follow(after: 0, limit: 100)
      let path = broker.folder.path + "/events.jsonl"
      // The file follows at once, on its own: the last event tells when.
      while EventsFile.lastSequence(in: path) < UInt64(all.count) {
        try await Task.sleep(for: .milliseconds(1))
      }
      let lines = try String(contentsOfFile: path, encoding: .utf8).split(separator: "\n")
      let events = try lines.map {
        try JSONDecoder().decode(CloudEvent.self, from: Data($0.utf8)).data
      }
      #expect(events == all)
      let head = try EventChain.verify(events)
      #expect(head?.sequence == UInt64(all.count))
    }
  }

  @Test func aFileIsGoneOnWithAfterItsLastWholeLine() throws {
    let folder = FileManager.default.temporaryDirectory
    let path = folder.appendingPathComponent("events-\(UUID().uuidString)").path
    defer { try? FileManager.default.removeItem(atPath: path) }
    let missing = EventsFile.lastSequence(in: path)
    #expect(missing == 0)
    var event = ServiceEvent(.tokenCreated, actor: "a")
    event.sequence = 7
    let name = try Name("b1").orFail()
    let line = String(decoding: try Answer.encode(CloudEvent(event, broker: name)), as: UTF8.self)
    try (line + "\n" + line.prefix(40)).write(toFile: path, atomically: true, encoding: .utf8)
    let last = EventsFile.lastSequence(in: path)
    #expect(last == 7)
  }

  /// HMAC-SHA256 of RFC 4231 §4.3 (test case 2), which the stamp is put before.
  @Test func aSignatureCoversTheStampAndTheBody() {
    let header = WebhookSignature.header(body: Array("{}".utf8), secret: "Jefe", at: 1)
    #expect(header.hasPrefix("t=1,v1="))
    #expect(header.count == 7 + 64)
    let other = WebhookSignature.header(body: Array("{}".utf8), secret: "Jefe", at: 2)
    #expect(header.dropFirst(7) != other.dropFirst(7))
  }

  @Test func cs26AWebhookGetsEveryEventInOrderAndSigned() async throws {
    let (deliveries, sink) = AsyncStream<(String, [UInt8])>.makeStream()
    let receiver = Receiver(sink: sink)
    try await receiver.run { port in
      try await RunningBroker.run(plain: true) { broker in
        let view = try await broker.client().createWebhook(
          WebhookRequest(url: "http://127.0.0.1:\(port)/hook"))
        let secret = try view.secret.orFail()
        let listed = try await broker.client().webhooks()
        #expect(listed.items.map(\.id) == [view.id])
        #expect(listed.items.first?.secret == nil)
        for index in 0..<2 { _ = try await broker.token("user\(index)", .viewer) }
        var sequences: [UInt64] = []
        for await (signature, body) in deliveries {
          let event = try JSONDecoder().decode(CloudEvent.self, from: Data(body)).data
          sequences.append(event.sequence)
          let stamp = try Int64(signature.dropFirst(2).prefix { $0 != "," }).orFail()
          #expect(signature == WebhookSignature.header(body: body, secret: secret, at: stamp))
          if sequences.count == 2 { break }
        }
        #expect(sequences == [sequences[0], sequences[0] + 1])
      }
    }
  }

  @Test func anEventThatIsNeverTakenIsADeadLetterAndTheNextOneComes() async throws {
    let (deliveries, sink) = AsyncStream<(String, [UInt8])>.makeStream()
    var policy = BrokerPolicy.forTests
    policy.webhookAttemptsMax = 1
    let impatient = policy
    try await Receiver(sink: sink, status: .internalServerError).run { port in
      try await RunningBroker.run(
        plain: true, policy: impatient,
        configured: { $0.deadLetterFile = $1.path + "/dead-letters.jsonl" }
      ) { broker in
        _ = try await broker.client().createWebhook(
          WebhookRequest(url: "http://127.0.0.1:\(port)/hook"))
        for index in 0..<2 { _ = try await broker.token("user\(index)", .viewer) }
        var asked = deliveries.makeAsyncIterator()
        let bodies = [try await asked.next().orFail().1, try await asked.next().orFail().1]
        // By the time that the second one is sent the first one is buried.
        let path = broker.folder.path + "/dead-letters.jsonl"
        let line = try String(contentsOfFile: path, encoding: .utf8).split(separator: "\n")[0]
        let letter = try JSONDecoder().decode(Letter.self, from: Data(line.utf8))
        let sent = try JSONDecoder().decode(CloudEvent.self, from: Data(bodies[0]))
        #expect(letter.event.data == sent.data)
        let mode = try FileManager.default.attributesOfItem(atPath: path)[.posixPermissions]
        #expect(mode as? Int == 0o600)
      }
    }
  }

  private struct Letter: Decodable {
    var webhook: String
    var event: CloudEvent
  }

  @Test func metricsHealthAndReadinessAreServed() async throws {
    try await RunningBroker.run(plain: true) { broker in
      try await broker.withDevice("press-1") { device in
        _ = try await broker.client().connect(device.product, ConnectRequest())
        let page = try await broker.send("GET", "/metrics", token: broker.adminToken)
        #expect(page.status == 200)
        #expect(page.body.contains("drawbridge_devices_attached 1\n"))
        #expect(page.body.contains("drawbridge_connects_total{outcome=\"up\"} 1\n"))
        #expect(page.body.contains("drawbridge_connect_duration_seconds_count 1\n"))
        #expect(!page.body.contains("press-1"))
        let closed = try await broker.send("GET", "/metrics")
        #expect(closed.status == 401)
        let health = try await broker.send("GET", "/healthz")
        #expect(health.status == 200)
        let ready = try await broker.send("GET", "/readyz")
        #expect(ready.body == "{\"ready\":true,\"reasons\":[]}")
        let description = try await broker.send("GET", "/openapi.json")
        #expect(description.body.contains("\"openapi\":\"3.1.0\""))
      }
    }
  }

  @Test func aBrokerThatHasNotReadItsStoreSaysSo() {
    let readiness = Readiness()
    #expect(readiness.reasons == ["the database has not been read yet"])
    readiness.storeFails(.storeNotRead)
    #expect(readiness.reasons.count == 1)
    readiness.storeAnswers()
    #expect(readiness.reasons.isEmpty)
    readiness.ends()
    #expect(readiness.reasons == ["the broker is ending"])
  }
}

/// A place that webhooks are delivered to.
private struct Receiver {
  let sink: AsyncStream<(String, [UInt8])>.Continuation
  var status = HTTPResponse.Status.ok

  func run(_ body: @escaping @Sendable (Int) async throws -> Void) async throws {
    let (ports, port) = AsyncStream<Int>.makeStream()
    let (sink, status) = (sink, status)
    let responder = CallbackResponder { (request: Request, _: BasicRequestContext) in
      let body = try await request.body.collect(upTo: 1 << 20)
      let name = HTTPField.Name("X-Drawbridge-Signature")
      sink.yield((name.flatMap { request.headers[$0] } ?? "", Array(body.readableBytesView)))
      return Response(status: status)
    }
    let application = Application(
      responder: responder,
      configuration: ApplicationConfiguration(address: .hostname("127.0.0.1", port: 0)),
      onServerRunning: { port.yield($0.localAddress?.port ?? 0) }, logger: RunningBroker.quiet)
    try await withThrowingTaskGroup(of: Void.self) { group in
      group.addTask { try? await application.run() }
      for await found in ports {
        try await body(found)
        break
      }
      group.cancelAll()
    }
  }
}
