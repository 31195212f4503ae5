import ConnectionService
import Primitives
import Testing

@testable import Broker

/// What is secret is in no event, view, description or stored row that outlives its use.
@Suite(.timeLimit(.minutes(5))) struct SecretTests {
  private let secrets = ["psk-7731", "pass-4242"]

  private func isClean(_ value: Any) -> Bool {
    let texts = ["\(value)", String(reflecting: value)]
    var dumped = ""
    dump(value, to: &dumped)
    return (texts + [dumped]).allSatisfy { text in !secrets.contains { text.contains($0) } }
  }

  @Test func credentialsOfAConnectAreForgottenWithItsAnswer() throws {
    let stage = try Stage()
    let device = try stage.attach()
    let view = try stage.connect(device, ConnectRequest(parameters: .given), key: "k")
    let command = try #require(try stage.commands(device).first)
    guard case .connect(let order) = command.action else {
      Issue.record("no connect")
      return
    }
    #expect(order.parameters == .given, "the device gets them")
    #expect(isClean(view))
    #expect(isClean(command), "but no log does")
    try device.work(stage.broker, using: &stage.random)
    #expect(isClean(try stage.view(view.id)))
    #expect(isClean(try stage.events()))
    #expect(isClean(stage.ann))
    #expect(try stage.commands(device).isEmpty)
  }

  @Test(arguments: ["psk-7731 is wrong", "try pass-4242"])
  func aDeviceThatRepeatsASecretInItsRefusalIsNotQuoted(_ words: String) throws {
    let stage = try Stage()
    let device = try stage.attach()
    let id = try stage.connect(device, ConnectRequest(parameters: .given)).id
    let command = try #require(try stage.commands(device).first)
    let refusal = Refusal(
      .establishmentFailed, "bad", cause: words, nextStep: "ask",
      reason: .authenticationFailed)
    device.answers = [DeviceAnswer(command: command.id, outcome: .refused(refusal: refusal))]
    try device.report(to: stage.broker)
    let view = try stage.view(id)
    #expect(isClean(view))
    #expect(view.failure?.code == .establishmentFailed)
    #expect(view.failure?.reason == .authenticationFailed)
  }

  @Test func theDigestOfARequestIsKeyedWithWhatOnlyTheAskerHas() throws {
    let stage = try Stage()
    let fields: [String?] = ["connect", "pass-4242"]
    let ann = try #require(try NamedRequest(key: "k", by: stage.ann, fields: fields))
    let bob = try #require(try NamedRequest(key: "k", by: stage.bob, fields: fields))
    #expect(ann.digest != bob.digest)
    let again = try stage.second.authenticate(try stage.enrol("pump-1").token)
    let same = try #require(try NamedRequest(key: "k", by: again, fields: fields))
    #expect(same.digest == (try NamedRequest(key: "k", by: again, fields: fields))?.digest)
  }

  @Test func aDeliveryDoesNotPrintItsKey() throws {
    let stage = try Stage()
    _ = try stage.broker.createWebhook(
      WebhookRequest(url: "https://example.org"), by: stage.admin, using: &stage.random)
    let delivery = try #require(try stage.broker.nextDelivery())
    var dumped = ""
    dump(delivery, to: &dumped)
    #expect(!"\(delivery) \(dumped)".contains(delivery.secret))
  }

  @Test func tokensAreStoredAsHashesOnly() throws {
    let stage = try Stage()
    let device = try stage.enrol("pump-1")
    let record = try stage.store.transact { (rows) throws(Refusal) in
      try rows.token(hash: Tokens.hash(device.token))
    }
    #expect(record?.hash.bytes.count == 32)
    #expect(!"\(String(describing: record))".contains(device.token))
  }
}
