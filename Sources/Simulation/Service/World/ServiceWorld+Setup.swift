import Broker
import ConnectionService
import Primitives

// Who there is, before the time begins.
extension ServiceWorld {
  struct Population {
    var administrator: PersonNode
    var people: [PersonNode]
    var gatewayToken: String
    var devices: [(product: ProductID, token: String)]
  }

  static func populate(
    _ rules: BrokerNode.Rules, devices: Int, people: Int, using random: inout SeededRandom
  ) throws(Refusal) -> Population {
    guard let first = try rules.start(using: &random) else { throw .unreachable }
    let caller = try rules.authenticate(first)
    func token(_ user: String, _ role: Role) throws(Refusal) -> String {
      var request = TokenRequest(user: try name(user), role: role)
      request.vpnUser = role == .operator ? "vpn-\(user)" : nil
      return try rules.createToken(request, by: caller, using: &random).token
    }
    var made = Population(
      administrator: PersonNode(
        index: -1, user: try name("admin"), token: first, vpnUser: "admin"),
      people: [], gatewayToken: try token("gateway", .gateway), devices: [])
    for index in 0..<people {
      let user = "person\(index)"
      made.people.append(
        PersonNode(
          index: index, user: try name(user), token: try token(user, .operator),
          vpnUser: "vpn-\(user)"))
    }
    let other = try rules.createAdministrator(
      of: try name("other"), by: caller, using: &random)
    made.people.append(
      PersonNode(
        index: people, user: try name("admin"), token: other.token, vpnUser: "admin",
        isForeign: true))
    for index in 0..<devices {
      guard let product = ProductID("device\(index)") else { throw .unreachable }
      let token = try enrol(product, rules, by: caller, using: &random)
      made.devices.append((product, token))
    }
    return made
  }

  static func enrol(
    _ product: ProductID, _ rules: BrokerNode.Rules, by caller: Caller,
    using random: inout SeededRandom
  ) throws(Refusal) -> String {
    let reply = try rules.createEnrolment(
      EnrolmentRequest(productID: product), by: caller, using: &random)
    return try rules.enrol(EnrolRequest(code: reply.code), using: &random).token
  }

  static func name(_ text: String) throws(Refusal) -> Name {
    guard let name = Name(text) else { throw .unreachable }
    return name
  }

  /// Everything that is to run runs.
  public func startAll() throws(BrokenPromise) {
    for broker in brokers { broker.start(in: self) }
    gateway.start(in: self)
    for agent in agents { try agent.start(in: self) }
  }
}
