import ConnectionService
import Foundation
import Primitives
import Testing

@testable import Broker

/// Two brokers on one store, an organisation with its people, and another one beside it.
final class Stage {
  let store = MemoryStore(clock: Timestamp(milliseconds: 1_800_000_000_000))
  let broker: Broker<MemoryStore>
  let second: Broker<MemoryStore>
  var random = SeededRandom(seed: 1)
  let admin: Caller
  let ann: Caller
  let bob: Caller
  let viewer: Caller
  let stranger: Caller

  init(parameters: VPNParameters? = .named("site"), requests: Policy = Policy()) throws {
    var policy = BrokerPolicy(defaultParameters: parameters)
    policy.requests = requests
    broker = Broker(name: try name("east"), store: store, policy: policy)
    second = Broker(name: try name("west"), store: store, policy: policy)
    let first = try #require(try broker.start(using: &random))
    admin = try broker.authenticate(first)
    let foreign = try broker.createAdministrator(
      of: try name("other"), by: admin, using: &random)
    stranger = try broker.authenticate(foreign.token)
    ann = try Self.person("ann", .operator, broker, admin, &random)
    bob = try Self.person("bob", .operator, broker, admin, &random)
    viewer = try Self.person("eve", .viewer, broker, admin, &random)
  }

  private static func person(
    _ user: String, _ role: Role, _ broker: Broker<MemoryStore>, _ admin: Caller,
    _ random: inout SeededRandom
  ) throws -> Caller {
    let request = TokenRequest(user: try name(user), role: role, vpnUser: "vpn-\(user)")
    return try broker.authenticate(
      try broker.createToken(request, by: admin, using: &random).token)
  }

  func person(_ user: String, _ role: Role) throws -> Caller {
    try Self.person(user, role, broker, admin, &random)
  }

  func advance(_ duration: Duration) { store.clock = store.clock + duration }

  /// Announces and admits a device, which does not attach yet.
  func enrol(_ text: String, by caller: Caller? = nil) throws -> ModelDevice {
    let request = EnrolmentRequest(productID: try product(text))
    let code = try broker.createEnrolment(request, by: caller ?? admin, using: &random).code
    let reply = try broker.enrol(EnrolRequest(code: code), using: &random)
    return ModelDevice(reply.productID, try broker.authenticate(reply.token), reply.token)
  }

  /// A device that is attached to the first broker.
  func attach(_ text: String = "pump-1") throws -> ModelDevice {
    let device = try enrol(text)
    try device.attach(to: broker)
    return device
  }

  func connect(
    _ device: ModelDevice, by caller: Caller? = nil, _ request: ConnectRequest = ConnectRequest(),
    key: String? = nil
  ) throws -> ConnectionView {
    try broker.connect(device.product, request, key: key, by: caller ?? ann, using: &random)
  }

  /// A connection that stands.
  func open(_ device: ModelDevice, by caller: Caller? = nil) throws -> ConnectionView {
    let id = try connect(device, by: caller).id
    try device.work(broker, using: &random)
    return try view(id)
  }

  func view(_ id: ConnectionID) throws -> ConnectionView { try broker.connection(id, by: admin) }

  func live(_ device: ModelDevice) throws -> [ConnectionRecord] {
    try store.transact { (rows) throws(Refusal) in try rows.liveConnections(of: device.product) }
  }

  func commands(_ device: ModelDevice) throws -> [DeviceCommand] {
    try broker.commands(for: device.product, epoch: device.epoch)
  }

  /// All events, checked against their chain.
  func events() throws -> [ServiceEvent] {
    var events: [ServiceEvent] = []
    while true {
      let page = try broker.follow(after: events.last?.sequence ?? 0, limit: 200)
      if page.isEmpty { break }
      events += page
    }
    _ = try EventChain.verify(events)
    return events
  }

  func events(_ kind: ServiceEvent.Kind) throws -> [ServiceEvent] {
    try events().filter { $0.kind == kind }
  }
}

func name(_ text: String) throws -> Name { try #require(Name(text)) }
func product(_ text: String) throws -> ProductID { try #require(ProductID(text)) }

/// The code of the refusal that `body` throws; `nil` when it throws none.
func code<Result>(_ body: () throws -> Result) -> Refusal.Code? {
  do {
    _ = try body()
    return nil
  } catch {
    return (error as? Refusal)?.code
  }
}

extension VPNParameters {
  static func named(_ text: String) -> VPNParameters? {
    Name(text).map { VPNParameters(credentials: .named($0)) }
  }

  static let given = VPNParameters(
    gateway: "vpn.example.org",
    credentials: .given(
      GivenCredentials(preSharedKey: "psk-7731", user: "pump", password: "pass-4242")))
}

/// A value as it arrives on the wire.
func decoded<Value: Decodable>(_ json: String) throws -> Value {
  try JSONDecoder().decode(Value.self, from: Data(json.utf8))
}
