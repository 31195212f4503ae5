import ConnectionService

extension BrokerClient {
  /// Asks for a connection to a device.
  ///
  /// - Parameters:
  ///   - key: names this request, so that it can be sent again without making a second connection;
  ///     1 to 128 visible ASCII characters.
  ///   - waiting: until it stands or has failed, for up to 65 seconds; otherwise the answer is the
  ///     connection as it was requested, to be looked at with ``connection(_:)``.
  public func connect(
    _ product: ProductID, _ request: ConnectRequest, key: String? = nil, waiting: Bool = true
  ) async throws(Refusal) -> ConnectionView {
    let call = try BrokerCall(.post, "/v1/devices/\(product)/connections")
      .with(header: "idempotency-key", key)
      .with(header: "prefer", waiting ? nil : "respond-async")
      .with(body: request)
    return try await ask(
      call, withinSeconds: waiting ? Self.connectSeconds : Self.answerSeconds)
  }

  /// A connection as it is now.
  public func connection(_ id: ConnectionID) async throws(Refusal) -> ConnectionView {
    try await ask(BrokerCall(.get, "/v1/connections/\(id)"))
  }

  /// Connections, the newest first.
  public func connections(
    _ selection: ConnectionSelection = ConnectionSelection()
  ) async throws(Refusal) -> Page<ConnectionView> {
    try await ask(BrokerCall(.get, "/v1/connections").with(query: selection.query))
  }

  /// Closes a connection and waits up to 10 seconds for the device; it may still be `closing` then.
  public func close(
    _ id: ConnectionID, key: String? = nil
  ) async throws(Refusal) -> ConnectionView {
    try await ask(
      BrokerCall(.delete, "/v1/connections/\(id)").with(header: "idempotency-key", key),
      withinSeconds: Self.answerSeconds + 10)
  }

  /// Closes every connection to a device, and its tunnel; gives those that are closing.
  public func closeAll(
    _ product: ProductID, key: String? = nil
  ) async throws(Refusal) -> Page<ConnectionView> {
    try await ask(
      BrokerCall(.delete, "/v1/devices/\(product)/connections")
        .with(header: "idempotency-key", key))
  }
}
