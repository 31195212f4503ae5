import ConnectionService
import Primitives

// What became of the errands.
extension RelayLedger {
  /// The carrier answers a connect.
  public mutating func connected(_ id: ConnectionID, _ view: ConnectionView, at now: Instant) {
    guard let connect = connects[id] else { return }
    guard view.phase != .requested else {
      // The carrier's broker is ending; another one goes on with the same connection.
      connects[id]?.state.postpone(Self.unreachedPause, at: now)
      return
    }
    connects[id] = nil
    guard view.phase == .up, !ended.contains(view.id), let tunnel = view.tunnel,
      let address = view.vpnAddress
    else {
      return answer(
        connect.state.commands,
        .refused(refusal: .connectionClosed(id, reason: view.reason ?? .requested)))
    }
    adopt(id, as: view.id, isUp: true)
    let facts = ConnectedFacts(
      connection: id, tunnel: tunnel, vpnAddress: address,
      inactivity: InactivityTimeout(
        inForceSeconds: view.inactivitySeconds ?? InactivityTimeout.secondsWhenAbsent,
        wasClamped: view.inactivityWasClamped ?? false))
    answer(connect.state.commands, .connected(facts: facts))
  }

  /// The carrier refuses a connect, or cannot be reached.
  ///
  /// Should it have taken the request nevertheless, its events show the connection, and our broker
  /// has it closed.
  public mutating func connectRefused(_ id: ConnectionID, _ refusal: Refusal) {
    guard let connect = connects.removeValue(forKey: id) else { return }
    answer(connect.state.commands, .refused(refusal: refusal.fromCarrier(of: product)))
    endCloseWithoutClaim(id)
  }

  /// The carrier answers a close. What it has closed is seen in its events, with the reason.
  public mutating func closeTaken(_ id: ConnectionID, at now: Instant) {
    closes[id]?.postpone(Self.refusedPause, at: now)
  }

  /// The carrier refuses a close, or cannot be reached.
  public mutating func closeRefused(_ id: ConnectionID, _ refusal: Refusal, at now: Instant) {
    guard let close = closes[id] else { return }
    switch refusal.code {
    case .connectionUnknown:
      forget(id)
    case .connectionClosed:
      // Its event is on the way.
      closes[id]?.postpone(Self.unreachedPause, at: now)
    case .policyRefused, .forbidden, .unauthenticated:
      answer(close.commands, .refused(refusal: refusal.fromCarrier(of: product)))
      closes[id]?.commands = []
      closes[id]?.postpone(Self.refusedPause, at: now)
    default:
      closes[id]?.postpone(Self.unreachedPause, at: now)
    }
  }

  /// The carrier is closing everything; the answer follows when none of ours is left.
  public mutating func closeAllTaken(_ command: UInt64, at now: Instant) {
    closeAlls[command]?.postpone(Self.refusedPause, at: now)
    answerCloseAlls()
  }

  /// The carrier refuses to close everything, or cannot be reached.
  public mutating func closeAllRefused(_ command: UInt64, _ refusal: Refusal, at now: Instant) {
    switch refusal.code {
    case .policyRefused, .forbidden, .unauthenticated:
      closeAlls[command] = nil
      answer(command, .refused(refusal: refusal.fromCarrier(of: product)))
    case .deviceOffline, .deviceUnknown:
      // Nothing of anybody's is left to close.
      closeAlls[command] = nil
      answer(command, .closed)
    default:
      closeAlls[command]?.postpone(Self.unreachedPause, at: now)
    }
  }

  /// The carrier is out of reach: what was under way is asked for again when it is back.
  public mutating func lost(at now: Instant) {
    isOnline = false
    for id in connects.keys { connects[id]?.state.postpone(.zero, at: now) }
    for id in closes.keys { closes[id]?.postpone(.zero, at: now) }
    for command in closeAlls.keys { closeAlls[command]?.postpone(.zero, at: now) }
  }

  // Claims

  mutating func adopt(_ id: ConnectionID, as carrierID: ConnectionID, isUp: Bool) {
    if let former = claims[id], former.carrierID != carrierID { owners[former.carrierID] = nil }
    let wasUp = claims[id]?.carrierID == carrierID && claims[id]?.isUp == true
    claims[id] = RelayClaim(carrierID: carrierID, isUp: isUp || wasUp)
    owners[carrierID] = id
    isReportDue = true
  }

  /// The connection is over, whoever ended it.
  mutating func forget(_ id: ConnectionID) {
    if let claim = claims.removeValue(forKey: id) { owners[claim.carrierID] = nil }
    isReportDue = true
    endCloseWithoutClaim(id)
    answerCloseAlls()
  }

  private mutating func endCloseWithoutClaim(_ id: ConnectionID) {
    guard claims[id] == nil, connects[id] == nil, let close = closes.removeValue(forKey: id)
    else { return }
    answer(close.commands, .closed)
  }

  private mutating func answerCloseAlls() {
    guard claims.isEmpty else { return }
    for command in closeAlls.keys.sorted() where closeAlls[command]?.isUnderWay == false {
      closeAlls[command] = nil
      answer(command, .closed)
    }
  }
}

extension Refusal {
  /// What the carrier said, as a device would say it. Our credential and our way to the carrier are
  /// none of the user's business; that the device is out of reach is.
  func fromCarrier(of product: ProductID) -> Refusal {
    switch code {
    case .badRequest, .connectionLimit, .connectionClosed, .establishmentFailed, .tunnelClosing,
      .policyRefused, .overloaded, .deviceTimeout, .internalError:
      return self
    case .deviceOffline, .deviceUnknown:
      var refusal = Refusal.deviceOffline(product)
      refusal.reason = .deadPeer
      return refusal
    case .brokerUnreachable, .storeUnavailable, .epochOutdated:
      return Refusal(
        .deviceOffline, "Device \(product) is out of reach: its carrier's broker does not answer.",
        cause: "The carrier's broker, its database or the way to it is down.",
        nextStep: "Ask again in a moment.", reason: .brokerLost)
    case .unauthenticated, .forbidden:
      return Refusal(
        .policyRefused, "The carrier's broker does not take requests from ours.",
        cause: "Our token there is expired, revoked or of too small a role.",
        nextStep: "Ask who runs this broker.", reason: .policyRefused)
    case .connectionUnknown, .enrolmentCodeInvalid, .productIDTaken, .notFound,
      .idempotencyConflict, .tooLarge:
      return Refusal(
        .internalError, "The carrier's broker answered with something else.",
        cause: "It is of another version, or has a fault.", nextStep: "Ask who runs this broker.",
        reason: .internalError)
    }
  }
}
