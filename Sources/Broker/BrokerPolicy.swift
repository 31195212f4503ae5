import ConnectionService

/// What an operator of the broker may set.
public struct BrokerPolicy: Hashable, Sendable {
  /// How devices reach the gateway when a connect does not say.
  public var defaultParameters: VPNParameters?
  /// How long a device may take to answer a command.
  public var answerDue: Duration = .seconds(60)
  /// How long an attachment lasts without a sign of life.
  public var lease: Duration = .seconds(45)
  /// How long an enrolment code is good.
  public var enrolmentLifetime: Duration = .seconds(86_400)
  /// How long a request is recognised by its idempotency key.
  public var idempotencyLifetime: Duration = .seconds(86_400)
  /// How long a webhook has for its answer before the event is delivered again.
  public var webhookAnswerDue: Duration = .seconds(30)
  /// Failed attempts after which an event is given up.
  public var webhookAttemptsMax = 10
  /// The organisation that runs the broker: made at the first start, and the only one whose
  /// administrators may admit gateways and other organisations.
  public var ownOrganisation: Name
  /// Which requests are refused although they are in order (CS-23).
  public var requests = Policy()

  /// - Parameter ownOrganisation: the first start makes it.
  public init(defaultParameters: VPNParameters? = nil, ownOrganisation: Name = .defaultOrganisation)
  {
    self.defaultParameters = defaultParameters
    self.ownOrganisation = ownOrganisation
  }
}

extension Name {
  /// The organisation that a new broker begins with.
  public static let defaultOrganisation = Name(known: "default")
  /// The user of its first token.
  static let firstAdministrator = Name(known: "admin")

  /// A name that is written in the source.
  private init(known text: StaticString) {
    guard let name = Name(String(describing: text)) else {
      preconditionFailure("A name that is written in the source is a name.")
    }
    self = name
  }
}
