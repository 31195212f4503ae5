import Primitives

// Commands about sessions, routes and who may talk to whom.

extension Dataplane {
  /// Makes a session known. PPP control passes at once, IP packets when it is open.
  public mutating func bind(
    _ id: SessionID, _ configuration: SessionConfiguration
  ) throws(DataplaneError) {
    let carrier = try indexOfCarrier(configuration.carrier)
    let idsKey = Session.idsKey(
      carrier: carrier, tunnelID: configuration.localTunnelID,
      sessionID: configuration.localSessionID)
    guard sessionIndex.find(UInt64(id.value)) == nil, idsIndex.find(idsKey) == nil else {
      throw .alreadyExists
    }
    guard !sessions.isFull else { throw .tableFull }
    let index = sessions.insert(
      Session(id: id, carrier: carrier, configuration: configuration))
    sessionIndex.insert(index, for: UInt64(id.value))
    idsIndex.insert(index, for: idsKey)
    carriers[carrier].sessions.insert(id.value)
  }

  /// Changes a session's options, addresses or `isOpen`; its carrier and our L2TP ids stay what
  /// they were bound with.
  public mutating func update(
    _ id: SessionID, _ change: (inout SessionConfiguration) -> Void
  ) throws(DataplaneError) {
    let index = try indexOfSession(id)
    sessions[index].reconfigure(change)
  }

  /// Forgets a session, its routes and its pairs; nothing happens when there is none.
  public mutating func unbind(_ id: SessionID) {
    guard let index = sessionIndex.remove(UInt64(id.value)) else { return }
    let session = sessions.remove(at: index)
    idsIndex.remove(
      Session.idsKey(
        carrier: session.carrier, tunnelID: session.configuration.localTunnelID,
        sessionID: session.configuration.localSessionID))
    for prefix in session.routes { routes.remove(prefix) }
    for other in session.pairs {
      pairIndex.remove(Self.pairKey(id, SessionID(other)))
      if let otherIndex = sessionIndex.find(UInt64(other)) {
        sessions[otherIndex].pairs.remove(id.value)
      }
    }
    carriers[session.carrier].sessions.remove(id.value)
  }

  /// Sends what goes to `prefix` (IPv4) to `target`; the longest prefix wins.
  public mutating func addRoute(
    _ prefix: IPPrefix, to target: RouteTarget
  ) throws(DataplaneError) {
    guard routes.target(of: prefix) == nil else { throw .alreadyExists }
    guard !routes.isFull else { throw .tableFull }
    switch target {
    case .tun: routes.insert(.tun, for: prefix)
    case .session(let id):
      let index = try indexOfSession(id)
      routes.insert(.session(index), for: prefix)
      sessions[index].routes.insert(prefix)
    }
  }

  /// Nothing happens when there is no such route.
  public mutating func removeRoute(_ prefix: IPPrefix) {
    if case .session(let index) = routes.target(of: prefix) {
      sessions[index].routes.remove(prefix)
    }
    routes.remove(prefix)
  }

  /// Lets two sessions exchange packets; without it they cannot. Ends with either of them.
  public mutating func allowPair(_ one: SessionID, _ other: SessionID) throws(DataplaneError) {
    let oneIndex = try indexOfSession(one)
    let otherIndex = try indexOfSession(other)
    guard one != other else { return }
    guard pairIndex.insert(0, for: Self.pairKey(one, other)) else { throw .tableFull }
    sessions[oneIndex].pairs.insert(other.value)
    sessions[otherIndex].pairs.insert(one.value)
  }

  /// Takes the permission back; nothing happens when there was none.
  public mutating func denyPair(_ one: SessionID, _ other: SessionID) {
    guard pairIndex.remove(Self.pairKey(one, other)) != nil else { return }
    if let index = sessionIndex.find(UInt64(one.value)) {
      sessions[index].pairs.remove(other.value)
    }
    if let index = sessionIndex.find(UInt64(other.value)) {
      sessions[index].pairs.remove(one.value)
    }
  }

  static func pairKey(_ one: SessionID, _ other: SessionID) -> UInt64 {
    let (low, high) = one < other ? (one, other) : (other, one)
    return UInt64(low.value) << 32 | UInt64(high.value)
  }

  func indexOfSession(_ id: SessionID) throws(DataplaneError) -> Int {
    guard let index = sessionIndex.find(UInt64(id.value)) else { throw .unknownSession }
    return index
  }
}
