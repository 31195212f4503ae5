import Primitives

// What can be read and answered without a tunnel.

extension Tunnel {
  /// Reads an SCCRQ to learn who is asking, before any state exists.
  ///
  /// Host names are never hidden, so a first look without `secret` finds the host, and a second
  /// one with its secret the hidden rest.
  public static func peekSCCRQ(
    _ message: [UInt8], secret: Secret? = nil
  ) throws(Violation) -> SCCRQFacts {
    let message = try ControlMessage(parsing: message)
    guard message.type == .sccrq else { throw .notSCCRQ }
    guard message.header.tunnelID == 0 else { throw .tunnelID }
    guard message.header.ns == 0, message.header.nr == 0 else { throw .improperSequence }
    var attributes = Attributes(message, secret: secret)
    let facts = SCCRQFacts(reading: &attributes)
    guard !facts.peer.hostName.isEmpty else {
      throw attributes.failure?.violation ?? .missingAVP
    }
    return facts
  }

  /// The StopCCN for an SCCRQ that is refused without making a tunnel of it; a repeated SCCRQ gets
  /// it again. `nil` when the peer gave no id to send it to.
  ///
  /// - Parameter localID: any id that is not 0 and no tunnel's.
  public static func refusal(
    of facts: SCCRQFacts, localID: UInt16, result: ResultCode
  ) -> [UInt8]? {
    guard let remoteID = facts.assignedTunnelID else { return nil }
    return ControlMessage.bytes(
      header: ControlHeader(tunnelID: remoteID, sessionID: 0, ns: 0, nr: 1, lengthBytes: 0),
      body: ControlMessage.body(of: [
        AVP(.messageType, MessageType.stopCCN.rawValue), AVP(.assignedTunnelID, localID),
        result.avp,
      ]))
  }

  /// The answer to a message for a tunnel that nobody knows any more: the acknowledgement of a
  /// StopCCN, so that the peer need not repeat it (§5.7). Nothing else is answered.
  public static func answerWithoutTunnel(to message: [UInt8]) -> [UInt8]? {
    guard let message = try? ControlMessage(parsing: message), message.type == .stopCCN else {
      return nil
    }
    var attributes = Attributes(message, secret: nil)
    guard let remoteID = attributes.nonZero(.assignedTunnelID) else { return nil }
    return ControlMessage.bytes(
      header: ControlHeader(
        tunnelID: remoteID, sessionID: 0, ns: message.header.nr, nr: message.header.ns &+ 1,
        lengthBytes: 0),
      body: [])
  }

  /// Whether `facts`, from the same carrier, repeat the SCCRQ that made this tunnel and belong to
  /// it, rather than to a peer that has started anew with the same id.
  ///
  /// Within one retransmission cycle of the first an equal SCCRQ is a repetition, late or not;
  /// after it nobody repeats any more.
  public func isRepetition(_ facts: SCCRQFacts, at now: Instant) -> Bool {
    let cycle = configuration.retransmissionCycle(
      retransmissionsMax: configuration.retransmissionsMaxOpening)
    return accepted == facts && now <= began + cycle
  }
}
