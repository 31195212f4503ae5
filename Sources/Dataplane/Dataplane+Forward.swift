import IPPacket
import Primitives

// From the L2TP message to the IP packet, and where that goes.

extension Dataplane {
  /// A message of a carrier: control goes up, data to its session.
  mutating func receiveL2TP(
    _ batch: inout PacketBatch, _ position: Int, _ carrier: Int, _ message: Range<Int>,
    sourcePort: UInt16, at now: Instant
  ) {
    guard message.count >= L2TPDataHeader.bytesMin else {
      return drop(.badL2TPHeader, &batch, position)
    }
    guard !L2TPDataHeader.isControl(batch.arena, message) else {
      let id = carriers[carrier].id
      return punt(&batch, position, message) { .l2tpControl($0, id, sourcePort: sourcePort) }
    }
    let header: L2TPDataHeader
    switch L2TPDataHeader.parse(batch.arena, message) {
    case .failure(let failure): return drop(failure.drop, &batch, position)
    case .success(let parsed): header = parsed
    }
    let key = Session.idsKey(
      carrier: carrier, tunnelID: header.tunnelID, sessionID: header.sessionID)
    guard let session = idsIndex.find(key) else {
      let id = carriers[carrier].id
      return wait(
        .unknownSession, .l2tp(id, message, sourcePort: sourcePort), &batch, position)
    }
    sessions[session].peerSequences = header.hasSequence
    guard let frame = PPPHeader(parsing: batch.arena, header.payload) else {
      return drop(.badPPPFrame, &batch, position)
    }
    receivePPP(&batch, position, session, frame, at: now)
  }

  private mutating func receivePPP(
    _ batch: inout PacketBatch, _ position: Int, _ session: Int, _ frame: PPPHeader,
    at now: Instant
  ) {
    switch frame.protocolNumber {
    case PPPHeader.ipv4:
      guard sessions[session].isOpen else {
        let stage = WaitingPacket.Stage.ipv4(sessions[session].id, frame.payload)
        return wait(.sessionNotOpen, stage, &batch, position)
      }
      receiveIPv4(&batch, position, session, frame.payload, at: now)
    case PPPHeader.ipv6: drop(.ipv6, &batch, position)
    default:
      // Whatever else it is, LCP answers it: with its own messages or a Protocol-Reject.
      let id = sessions[session].id
      let number = frame.protocolNumber
      punt(&batch, position, frame.payload) { payload in
        .pppFrame(
          [UInt8(truncatingIfNeeded: number >> 8), UInt8(truncatingIfNeeded: number)] + payload, id
        )
      }
    }
  }

  /// An IP packet from a user. Sessions reach each other only if they may; what no route leads
  /// back out of goes to the TUN device.
  mutating func receiveIPv4(
    _ batch: inout PacketBatch, _ position: Int, _ session: Int, _ range: Range<Int>,
    at now: Instant
  ) {
    guard let header = IPv4Header(parsing: batch.arena, range) else {
      return drop(.badIPHeader, &batch, position)
    }
    guard sessions[session].allows(source: header.source) else {
      return drop(.spoofedSource, &batch, position)
    }
    let packet = range.lowerBound..<range.lowerBound + header.totalBytes
    clampSegmentSize(&batch, packet, header, session)
    // A route back to where the packet came from is no way out: a default route to the gateway
    // must not return what the gateway sends us.
    if case .session(let other) = routes.longestMatch(header.destination), other != session {
      guard forwardToSession(&batch, position, packet, header, from: session, to: other, at: now)
      else { return }
    } else {
      // The kernel behind the TUN device forwards, and lowers the time to live itself.
      batch[position].setPacket(packet)
      batch[position].verdict = .deliver
    }
    sessions[session].statistics.packetsFromUser &+= 1
    sessions[session].statistics.bytesFromUser &+= UInt64(packet.count)
    sessions[session].statistics.lastUserActivity = now
  }

  /// Between sessions we are the router: the time to live goes down by one.
  private mutating func forwardToSession(
    _ batch: inout PacketBatch, _ position: Int, _ packet: Range<Int>, _ header: IPv4Header,
    from session: Int, to other: Int, at now: Instant
  ) -> Bool {
    guard pairIndex.find(Self.pairKey(sessions[session].id, sessions[other].id)) != nil else {
      drop(.pairNotAllowed, &batch, position)
      return false
    }
    guard header.timeToLive > 1 else {
      drop(.timeToLiveExceeded, &batch, position)
      return false
    }
    IPv4Header.decrementTimeToLive(in: &batch.arena, at: packet.lowerBound)
    return sendToUser(&batch, position, packet, header, other, at: now)
  }

  /// Works on every undecided packet of a batch of IP packets from the TUN device.
  ///
  /// - Precondition: the batch holds `limits.batchPacketsMax` packets at most.
  public mutating func receiveFromTUN(_ batch: inout PacketBatch, at now: Instant) {
    precondition(batch.count <= limits.batchPacketsMax, "a batch beyond the agreed size")
    beginBatch()
    for position in 0..<batch.count where batch[position].verdict == .undecided {
      routeFromTUN(&batch, position, at: now)
    }
    sealGathered(&batch)
  }

  private mutating func routeFromTUN(
    _ batch: inout PacketBatch, _ position: Int, at now: Instant
  ) {
    let range = batch[position].packet
    guard let header = IPv4Header(parsing: batch.arena, range) else {
      let isIPv6 = range.count >= 40 && batch.arena.uint8(at: range.lowerBound) >> 4 == 6
      return drop(isIPv6 ? .ipv6 : .badIPHeader, &batch, position)
    }
    guard case .session(let session) = routes.longestMatch(header.destination) else {
      return drop(.noRoute, &batch, position)
    }
    let packet = range.lowerBound..<range.lowerBound + header.totalBytes
    _ = sendToUser(&batch, position, packet, header, session, at: now)
  }

  /// Wraps an IP packet for a session's peer; counts it when it leaves.
  private mutating func sendToUser(
    _ batch: inout PacketBatch, _ position: Int, _ packet: Range<Int>, _ header: IPv4Header,
    _ session: Int, at now: Instant
  ) -> Bool {
    guard sessions[session].isOpen else {
      drop(.sessionNotOpen, &batch, position)
      return false
    }
    clampSegmentSize(&batch, packet, header, session)
    guard wrap(&batch, position, packet, protocolNumber: PPPHeader.ipv4, session) else {
      return false
    }
    sessions[session].statistics.packetsToUser &+= 1
    sessions[session].statistics.bytesToUser &+= UInt64(packet.count)
    sessions[session].statistics.lastUserActivity = now
    return true
  }

  private mutating func clampSegmentSize(
    _ batch: inout PacketBatch, _ packet: Range<Int>, _ header: IPv4Header, _ session: Int
  ) {
    let segmentBytesMax = sessions[session].segmentBytesMax
    guard segmentBytesMax > 0, header.transport == IPv4Header.tcp else { return }
    MaximumSegmentSize.clamp(
      in: &batch.arena, at: packet.lowerBound, header, to: segmentBytesMax)
  }
}
