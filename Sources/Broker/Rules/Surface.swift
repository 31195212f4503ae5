import ConnectionService

extension Broker {
  public func start(using random: inout some RandomNumberGenerator) throws(Refusal) -> String? {
    throw .storeUnavailable
  }
  public func createAdministrator(
    of organisation: Name, by caller: Caller, using random: inout some RandomNumberGenerator
  ) throws(Refusal) -> TokenReply { throw .storeUnavailable }
  public func authenticate(_ token: String) throws(Refusal) -> Caller { throw .storeUnavailable }
  public func refuse(_ refusal: Refusal, caller: Caller?, product: ProductID?) {}
  public func createEnrolment(
    _ request: EnrolmentRequest, by caller: Caller, using random: inout some RandomNumberGenerator
  ) throws(Refusal) -> EnrolmentReply { throw .storeUnavailable }
  public func enrol(
    _ request: EnrolRequest, using random: inout some RandomNumberGenerator
  ) throws(Refusal) -> EnrolReply { throw .storeUnavailable }
  public func devices(
    by caller: Caller, after: ProductID?, limit: Int
  ) throws(Refusal) -> Page<DeviceView> { throw .storeUnavailable }
  public func device(_ product: ProductID, by caller: Caller) throws(Refusal) -> DeviceView {
    throw .storeUnavailable
  }
  public func removeDevice(_ product: ProductID, by caller: Caller) throws(Refusal) {}
  public func createToken(
    _ request: TokenRequest, by caller: Caller, using random: inout some RandomNumberGenerator
  ) throws(Refusal) -> TokenReply { throw .storeUnavailable }
  public func tokens(
    by caller: Caller, after: String?, limit: Int
  ) throws(Refusal) -> Page<TokenView> { throw .storeUnavailable }
  public func revokeToken(_ id: String, by caller: Caller) throws(Refusal) {}
  public func connect(
    _ product: ProductID, _ request: ConnectRequest, key: String?, by caller: Caller,
    using random: inout some RandomNumberGenerator
  ) throws(Refusal) -> ConnectionView { throw .storeUnavailable }
  public func connection(_ id: ConnectionID, by caller: Caller) throws(Refusal) -> ConnectionView {
    throw .storeUnavailable
  }
  public func connections(
    _ filter: ConnectionFilter, by caller: Caller
  ) throws(Refusal) -> Page<ConnectionView> { throw .storeUnavailable }
  public func close(
    _ id: ConnectionID, key: String?, by caller: Caller
  ) throws(Refusal) -> ConnectionView { throw .storeUnavailable }
  public func closeAll(
    _ product: ProductID, key: String?, by caller: Caller
  ) throws(Refusal) -> Page<ConnectionView> { throw .storeUnavailable }
  public func events(
    _ filter: EventFilter, by caller: Caller
  ) throws(Refusal) -> Page<ServiceEvent> { throw .storeUnavailable }
  public func attach(_ caller: Caller) throws(Refusal) -> UInt64 { throw .storeUnavailable }
  public func renew(_ product: ProductID, epoch: UInt64) throws(Refusal) {}
  public func detach(_ product: ProductID, epoch: UInt64) throws(Refusal) {}
  public func commands(
    for product: ProductID, epoch: UInt64
  ) throws(Refusal) -> [DeviceCommand] { throw .storeUnavailable }
  public func receive(
    _ report: DeviceReport, from caller: Caller
  ) throws(Refusal) -> DeviceReportReceipt { throw .storeUnavailable }
  public func grants() throws(Refusal) -> [Grant] { throw .storeUnavailable }
  public func grantChange(for event: ServiceEvent) throws(Refusal) -> GrantChange? {
    throw .storeUnavailable
  }
  public func gatewayAttached(_ caller: Caller) throws(Refusal) {}
  public func gatewayDetached(_ caller: Caller) throws(Refusal) {}
  public func configurationChanged(_ note: String) throws(Refusal) {}
  public func follow(after sequence: UInt64, limit: Int) throws(Refusal) -> [ServiceEvent] {
    throw .storeUnavailable
  }
  public func sweep() throws(Refusal) {}
  public func createWebhook(
    _ request: WebhookRequest, by caller: Caller, using random: inout some RandomNumberGenerator
  ) throws(Refusal) -> WebhookView { throw .storeUnavailable }
  public func webhooks(by caller: Caller) throws(Refusal) -> Page<WebhookView> {
    throw .storeUnavailable
  }
  public func removeWebhook(_ id: String, by caller: Caller) throws(Refusal) {}
  public func nextDelivery() throws(Refusal) -> WebhookDelivery? { throw .storeUnavailable }
  public func delivered(_ delivery: WebhookDelivery) throws(Refusal) {}
  public func deliveryFailed(_ delivery: WebhookDelivery) throws(Refusal) -> Bool {
    throw .storeUnavailable
  }
}
