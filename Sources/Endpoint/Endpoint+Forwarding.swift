import Dataplane
import Primitives

/// Why two sessions were not let exchange packets; nothing has changed then.
public enum ForwardingError: Error, Sendable, Hashable {
  /// There is no such live session.
  case unknownSession(SessionID)
  /// A session needs no permission to reach itself.
  case sameSession
  /// As many pairs as `Endpoint.Limits.pairsMax` may talk to each other already.
  case tooManyPairs
}

// Who may talk to whom. Without a word from the owner, no session reaches another.
extension Endpoint {
  /// Lets two live sessions exchange packets, both ways, until it is denied or either ends; saying
  /// it again changes nothing. At the maximum the new pair is refused.
  public mutating func allowForwarding(
    between one: SessionID, and other: SessionID
  ) throws(ForwardingError) {
    guard one != other else { throw .sameSession }
    let first = try liveSession(one)
    let second = try liveSession(other)
    guard !first.partners.contains(other) else { return }
    guard pairCount < limits.pairsMax else { throw .tooManyPairs }
    first.partners.insert(other)
    second.partners.insert(one)
    pairCount += 1
    emit(.dataplane(.allowPair(one, other)))
  }

  /// Takes the permission back; packets stop with the command.
  /// - Returns: `false` when there was none.
  @discardableResult
  public mutating func denyForwarding(between one: SessionID, and other: SessionID) -> Bool {
    guard sessions[one]?.partners.remove(other) != nil else { return false }
    sessions[other]?.partners.remove(one)
    pairCount -= 1
    emit(.dataplane(.denyPair(one, other)))
    return true
  }

  /// The session is over: the packet path drops its pairs with it, and here they go too.
  mutating func forgetPartners(of session: SessionRecord) {
    for partner in session.partners { sessions[partner]?.partners.remove(session.id) }
    pairCount -= session.partners.count
    session.partners.removeAll()
  }

  private func liveSession(_ id: SessionID) throws(ForwardingError) -> SessionRecord {
    guard let session = sessions[id], session.end == nil else { throw .unknownSession(id) }
    return session
  }
}
