import Broker
import BrokerClient
import ConnectionService
import Logging
import Relay
import Settings

extension CarrierRelay {
  /// The relay of one element of `relays`.
  ///
  /// - Parameter name: of our broker: the user of the token at the carrier unless another one is named.
  /// - Throws: `badRequest` for an address that is none, and for authorities that cannot be read.
  init(_ configuration: RelayConfiguration, of name: Name, logger: Logger) throws(Refusal) {
    var products: [ProductID] = []
    for text in configuration.devices {
      guard let product = ProductID(text) else {
        throw Refusal(
          .badRequest, "“\(text)” in relays is no product id",
          cause: "it begins with a dot or a hyphen", nextStep: "begin it with a letter or digit")
      }
      products.append(product)
    }
    let client = try BrokerClient(
      address: BrokerAddress(configuration.carrier),
      token: configuration.carrier.token.withBytes { String(decoding: $0, as: UTF8.self) },
      logger: logger)
    var logger = logger
    logger[metadataKey: "carrier"] = "\(configuration.carrier.url)"
    self.init(
      products: products, user: configuration.user.flatMap { Name($0) } ?? name, client: client,
      logger: logger)
  }
}

extension Policy {
  /// Names are checked when the configuration is read.
  init(_ configuration: RequestPolicy) {
    self.init(
      brokers: configuration.brokers.compactMap { Name($0) },
      rules: configuration.rules.map { PolicyRule($0) })
  }
}

extension PolicyRule {
  init(_ configuration: RequestRule) {
    self.init(configuration.verdict == .allow ? .allow : .refuse)
    requests = configuration.requests.map(\.kind)
    organisations = configuration.organisations.compactMap { Name($0) }
    applications = configuration.applications.compactMap { Name($0) }
    users = configuration.users.compactMap { Name($0) }
    roles = configuration.roles.map { $0 == .admin ? .admin : .operator }
    products = configuration.products.compactMap { Products($0) }
    hours = configuration.hours.map {
      Hours(beginMinute: $0.beginMinute, endMinute: $0.endMinute)
    }
    because = configuration.because
  }
}

extension RequestRule.Request {
  fileprivate var kind: PolicyRequest.Kind {
    switch self {
    case .connect: .connect
    case .close: .close
    case .closeAll: .closeAll
    }
  }
}
