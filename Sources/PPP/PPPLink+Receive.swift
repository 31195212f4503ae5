import Primitives

// Frames by protocol: which phase listens to what (RFC 1661 §3.4 to §3.7).
extension PPPLink {
  mutating func dispatch(
    _ frame: PPPFrame, at now: Instant, using random: inout some RandomNumberGenerator
  ) throws(PPPViolation) {
    switch frame.protocolNumber {
    case .lcp:
      try receiveLCP(ControlPacket(parsing: frame.information), at: now, using: &random)
    case .pap, .chap: try receiveAuthentication(frame, at: now, using: &random)
    case .ipcp: try receiveIPCP(frame.information, at: now, using: &random)
    case .ipv4:
      // The packet path's, here only if it came before that path was opened.
      throw phase == .network ? .unexpectedPacket : .beforeAuthentication
    default: try rejectProtocol(frame, at: now)
    }
  }

  private mutating func receiveLCP(
    _ packet: ControlPacket, at now: Instant, using random: inout some RandomNumberGenerator
  ) throws(PPPViolation) {
    switch ControlCode(rawValue: packet.code) {
    case .echoRequest: try receiveEchoRequest(packet, at: now)
    case .echoReply: try receiveEchoReply(packet, at: now)
    case .protocolReject: try receiveProtocolReject(packet, at: now, using: &random)
    // Nothing to do, by definition or because they only inform (RFC 1661 §5.9, RFC 1570 §2).
    case .discardRequest, .identification, .timeRemaining: break
    case .configureRequest, .configureAck, .configureNak, .configureReject, .terminateRequest,
      .terminateAck, .codeReject:
      if packet.code == ControlCode.terminateRequest.rawValue, lcp.state == .opened {
        noteCause(Impasse(.peerClosed, "peer terminates: \(printable(packet.data))"))
      }
      try lcp.receive(packet, at: now, using: &random)
    case nil:
      guard rejectBudget.take(at: now) else { throw .rejectBudgetSpent }
      try lcp.receive(packet, at: now, using: &random)
    }
  }

  /// An Echo-Request is answered while Opened only (RFC 1661 §5.8); the answer carries our magic
  /// number and is cut to what the peer takes.
  private mutating func receiveEchoRequest(
    _ packet: ControlPacket, at now: Instant
  ) throws(PPPViolation) {
    let rest = try checkMagic(packet, at: now)
    var data = ByteWriter(capacityBytes: packet.data.count)
    data.write(lcp.options.ours.magic)
    data.write(rest)
    lcp.send(ControlPacket(.echoReply, identifier: packet.identifier, data: data.bytes))
  }

  private mutating func receiveEchoReply(
    _ packet: ControlPacket, at now: Instant
  ) throws(PPPViolation) {
    _ = try checkMagic(packet, at: now)
  }

  /// What follows the magic number of an echo; our own number means a looped link (§6.4).
  private mutating func checkMagic(
    _ packet: ControlPacket, at now: Instant
  ) throws(PPPViolation) -> [UInt8] {
    guard lcp.state == .opened else { throw .unexpectedPacket }
    var reader = ByteReader(packet.data)
    guard let magic = reader.readUInt32() else { throw .truncated }
    if magic != 0, magic == lcp.options.ours.magic {
      do throws(Impasse) { try lcp.options.noteLoop() } catch { beginClose(error, at: now) }
      throw .loopedBack
    }
    return reader.readRest()
  }

  /// The peer does not know a protocol of ours (RFC 1661 §5.7); valid while Opened only.
  private mutating func receiveProtocolReject(
    _ packet: ControlPacket, at now: Instant, using random: inout some RandomNumberGenerator
  ) throws(PPPViolation) {
    guard lcp.state == .opened else { throw .unexpectedPacket }
    var reader = ByteReader(packet.data)
    guard let number = reader.readUInt16() else { throw .truncated }
    switch PPPProtocol(rawValue: number) {
    case .lcp:
      noteCause(Impasse(.negotiationFailed, "peer rejects LCP"))
      lcp.receiveProtocolReject(at: now, using: &random)
    case .ipcp where phase == .network:
      noteCause(Impasse(.negotiationFailed, "peer rejects IPCP"))
      ipcp.receiveProtocolReject(at: now, using: &random)
    case .chap, .pap:
      guard phase == .authenticate else { return }
      beginClose(Impasse(.negotiationFailed, "peer rejects its authentication"), at: now)
    default: break
    }
  }

  /// Protocols that we do not speak: IPV6CP, CCP with MPPE, ECP, EAP and whatever else. Polite, as
  /// often as the budget allows, and without touching an IPCP that is being negotiated.
  private mutating func rejectProtocol(
    _ frame: PPPFrame, at now: Instant
  ) throws(PPPViolation) {
    guard phase == .network else { throw .beforeAuthentication }
    guard rejectBudget.take(at: now) else { throw .rejectBudgetSpent }
    let identifier = lcp.makeIdentifier()
    lcp.send(ControlPacket(.protocolReject, identifier: identifier, data: frame.bytes))
  }

  private mutating func receiveAuthentication(
    _ frame: PPPFrame, at now: Instant, using random: inout some RandomNumberGenerator
  ) throws(PPPViolation) {
    guard phase == .authenticate || phase == .network else { throw .unexpectedPacket }
    guard frame.protocolNumber == authenticationInUse?.protocolNumber else {
      return try rejectProtocol(frame, at: now)
    }
    let packet = try ControlPacket(parsing: frame.information)
    switch authentication {
    case .none: throw .unexpectedPacket
    case .authenticator(var authenticator):
      try authenticator.receive(packet)
      authentication = .authenticator(authenticator)
    case .peer(var peer):
      try peer.receive(packet, at: now, using: &random)
      authentication = .peer(peer)
    }
  }

  private mutating func receiveIPCP(
    _ information: [UInt8], at now: Instant, using random: inout some RandomNumberGenerator
  ) throws(PPPViolation) {
    guard phase == .network else { throw .beforeAuthentication }
    if case .asked = assignment {
      assignment = .asked(held: information)
      return
    }
    let packet = try ControlPacket(parsing: information)
    if !ControlCode.sharedCodes.contains(packet.code) {
      guard rejectBudget.take(at: now) else { throw .rejectBudgetSpent }
    }
    if packet.code == ControlCode.terminateRequest.rawValue, ipcp.state == .opened {
      noteCause(Impasse(.peerClosed, "peer closes IPCP"))
    }
    try ipcp.receive(packet, at: now, using: &random)
  }

  /// Gives IPCP what the peer sent while the address was being looked up.
  mutating func receiveHeld(
    _ information: [UInt8], at now: Instant, using random: inout some RandomNumberGenerator
  ) {
    do throws(PPPViolation) {
      try receiveIPCP(information, at: now, using: &random)
    } catch {
      violations.note(error)
    }
  }
}
