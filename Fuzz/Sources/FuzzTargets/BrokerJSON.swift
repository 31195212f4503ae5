import ConnectionService
import Foundation

@testable import BrokerClient
@testable import BrokerServer

extension FuzzTarget {
  /// Every body that a broker reads, and every one that its clients read.
  static let brokerJSON = FuzzTarget(
    name: "broker-json", inputBytesMax: 4_096,
    seeds: { bodySeeds() },
    words: BrokerWords.fields,
    run: { input in
      guard let choice = input.first else { return }
      readers[Int(choice) % readers.count](Array(input.dropFirst()))
    })

  /// One a type: what the broker reads strictly, then what its clients read.
  private static let readers: [@Sendable ([UInt8]) -> Void] = [
    { request(DeviceReport.self, $0) }, { request(ConnectRequest.self, $0) },
    { request(EnrolmentRequest.self, $0) }, { request(EnrolRequest.self, $0) },
    { request(TokenRequest.self, $0) }, { request(WebhookRequest.self, $0) },
    { reply(DeviceReportReceipt.self, $0) }, { reply(DeviceCommand.self, $0) },
    { reply(GrantChange.self, $0) }, { reply(CloudEvent.self, $0) }, { reply(Refusal.self, $0) },
    { reply(ConnectionView.self, $0) }, { reply(Page<ConnectionView>.self, $0) },
    { reply(Page<DeviceView>.self, $0) }, { reply(EnrolmentReply.self, $0) },
    { reply(EnrolReply.self, $0) }, { reply(TokenReply.self, $0) }, { reply(WebhookView.self, $0) },
  ]

  /// What the strict reader takes, written and read again, is the same; and a reader that is not
  /// strict reads nothing else into it.
  private static func request<Value: Codable & Equatable>(_ type: Value.Type, _ body: [UInt8]) {
    let value: Value
    do throws(JSONFault) {
      value = try StrictDecoder.decode(type, from: body)
    } catch {
      require(!error.sentence.isEmpty, "refused without a word")
      return
    }
    require(
      (try? JSONDecoder().decode(type, from: Data(body))) == value,
      "two readers read two things: \(value)")
    let written = (try? JSONEncoder().encode(value)).map { Array($0) } ?? []
    require((try? StrictDecoder.decode(type, from: written)) == value, "not read again: \(value)")
  }

  private static func reply<Value: Codable & Equatable>(_ type: Value.Type, _ body: [UInt8]) {
    guard let value = try? WireJSON.decode(type, from: body) else { return }
    let written = (try? WireJSON.encode(value)) ?? []
    require((try? WireJSON.decode(type, from: written)) == value, "not read again: \(value)")
  }

  /// Number 60 of the bad inputs: whatever somebody asks for as a timeout.
  private static let timeouts = [
    "0", "-1", "299", "300", "3600", "3601", "9223372036854775808", "1e400", "0.5", "NaN", "\"20\"",
    "null",
  ].map { "{\"inactivitySeconds\":\($0)}" }

  private static func bodySeeds() -> [[UInt8]] {
    let made = BrokerConversation.made
    let bodies: [(Int, [String])] = [
      (0, made.reports), (1, timeouts),
      (
        1,
        [
          "{}", "{\"inactivitySeconds\":1e30,\"note\":\"\\u00e9\"}",
          "{\"parameters\":{\"credentials\":{\"named\":{\"_0\":\"site\"}},\"gateway\":\"vpn\"}}",
          "{\"parameters\":{\"credentials\":{\"given\":{\"_0\":{\"preSharedKey\":\"k\","
            + "\"user\":\"u\",\"password\":\"p\"}}},\"inactivitySeconds\":300}}",
        ]
      ),
      (2, ["{\"productID\":\"PBX-1\",\"name\":\"Pump\"}"]), (3, ["{\"code\":\"ABCD-EFGH\"}"]),
      (4, ["{\"user\":\"anna\",\"role\":\"operator\",\"lifetimeSeconds\":60,\"vpnUser\":\"a\"}"]),
      (5, ["{\"url\":\"https://example.net/hook\"}"]), (6, ["{\"historyAcknowledged\":7}"]),
      (7, made.commands),
      (
        8,
        [
          "{\"all\":{\"grants\":[\(BrokerWords.grant)]}}",
          "{\"granted\":{\"grant\":\(BrokerWords.grant)}}",
          "{\"revoked\":{\"connection\":\"c-0123456789abcdef\"}}",
        ]
      ),
      (9, made.eventLines),
      (10, ["{\"code\":\"tooLarge\",\"detail\":\"d\",\"cause\":\"c\",\"nextStep\":\"n\"}"]),
      (13, ["{\"items\":[],\"next\":\"x\"}"]),
    ]
    return bodies.flatMap { kind, texts in texts.map { [UInt8(kind)] + Array($0.utf8) } }
  }
}
