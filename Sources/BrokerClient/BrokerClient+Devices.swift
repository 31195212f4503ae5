import ConnectionService

extension BrokerClient {
  /// Announces a device, for a code that it is enrolled with.
  public func createEnrolment(
    _ request: EnrolmentRequest
  ) async throws(Refusal) -> EnrolmentReply {
    try await ask(try BrokerCall(.post, "/v1/enrolments").with(body: request))
  }

  /// Enrols the device that this program runs on; needs no token, gives one.
  public func enrol(_ request: EnrolRequest) async throws(Refusal) -> EnrolReply {
    try await ask(try BrokerCall(.post, "/v1/enrol").with(body: request))
  }

  /// Devices in the order of their product ids.
  ///
  /// - Parameter after: the `next` of the page before.
  public func devices(
    after: String? = nil, limit: Int? = nil
  ) async throws(Refusal) -> Page<DeviceView> {
    try await ask(BrokerCall(.get, "/v1/devices").with(query: paging(after, limit)))
  }

  /// One device as it last reported.
  public func device(_ product: ProductID) async throws(Refusal) -> DeviceView {
    try await ask(BrokerCall(.get, "/v1/devices/\(product)"))
  }

  /// Forgets a device; its token is worth nothing afterwards.
  public func removeDevice(_ product: ProductID) async throws(Refusal) {
    try await tell(BrokerCall(.delete, "/v1/devices/\(product)"))
  }

  /// Sends the device's answers, state and history.
  public func post(_ report: DeviceReport) async throws(Refusal) -> DeviceReportReceipt {
    try await ask(try BrokerCall(.post, "/v1/agent/reports").with(body: report))
  }

  func paging(_ after: String?, _ limit: Int?) -> [(name: String, value: String?)] {
    [("after", after), ("limit", limit.map { String($0) })]
  }
}
