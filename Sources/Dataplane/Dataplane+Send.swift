import Cryptography
import ESP
import IPPacket
import Primitives

// From the PPP payload outwards: PPP, L2TP, UDP and ESP around it, in place.
//
// Methods that only read are inlined by force here and in the types beside: a call of one copies
// the whole value that it is called on to the stack, a noncopyable one included.

extension Dataplane {
  /// Puts an L2TP control message into `batch`, ready to send on its carrier; `false`, and counted,
  /// when it cannot leave.
  @discardableResult
  public mutating func sendL2TPControl(
    _ message: [UInt8], on id: CarrierID, peerPort: UInt16, into batch: inout PacketBatch
  ) -> Bool {
    guard let carrier = carrierIndex.find(UInt64(id.value)) else { return false }
    let remote = carriers[carrier].configuration.remote
    guard batch.append(message, remote: remote, local: remote) else {
      drops.count(.noRoom)
      return false
    }
    let position = batch.count - 1
    beginBatch()
    let packet = batch[position].packet
    guard carry(&batch, position, packet, on: carrier, peerPort: peerPort) else { return false }
    sealGathered(&batch)
    return batch[position].verdict != .done
  }

  /// Puts a PPP frame, from its two bytes of protocol on, into `batch`, ready to send to the
  /// session's peer; `false`, and counted, when it cannot leave.
  ///
  /// LCP always goes with FF 03 (RFC 1661 §6.6), and no control protocol's number is short enough
  /// to be compressed.
  @discardableResult
  public mutating func sendPPPFrame(
    _ frame: [UInt8], on id: SessionID, into batch: inout PacketBatch
  ) -> Bool {
    guard frame.count >= 2, let session = sessionIndex.find(UInt64(id.value)) else { return false }
    let remote = carriers[sessions[session].carrier].configuration.remote
    guard batch.append(frame, remote: remote, local: remote) else {
      drops.count(.noRoom)
      return false
    }
    let position = batch.count - 1
    beginBatch()
    let whole = batch[position].packet
    let payload = whole.lowerBound + 2..<whole.upperBound
    let protocolNumber = batch.arena.uint16(at: whole.lowerBound)
    guard wrap(&batch, position, payload, protocolNumber: protocolNumber, session) else {
      return false
    }
    sealGathered(&batch)
    return batch[position].verdict != .done
  }

  /// Puts PPP and L2TP headers before `payload` and hands it to the session's carrier.
  mutating func wrap(
    _ batch: inout PacketBatch, _ position: Int, _ payload: Range<Int>, protocolNumber: UInt16,
    _ session: Int
  ) -> Bool {
    let isLCP = protocolNumber == PPPHeader.lcp
    let compressesProtocol = sessions[session].compressesProtocol && protocolNumber <= 0xFF
    let omitsAddress = sessions[session].compressesAddressAndControl && !isLCP
    let pppBytes = (compressesProtocol ? 1 : 2) + (omitsAddress ? 0 : 2)
    let hasSequence = sessions[session].sendsSequence
    let l2tpBytes = L2TPDataHeader.bytes(withSequence: hasSequence)
    let carrier = sessions[session].carrier
    guard
      let payload = makeRoom(
        &batch, position, payload, before: pppBytes + l2tpBytes + headBytes(of: carrier),
        behind: tailBytes(of: carrier, payloadBytes: payload.count + pppBytes + l2tpBytes + 8))
    else {
      drop(.noRoom, &batch, position)
      return false
    }
    var start = payload.lowerBound
    if compressesProtocol {
      start -= 1
      batch.arena.store(UInt8(truncatingIfNeeded: protocolNumber), at: start)
    } else {
      start -= 2
      batch.arena.store(protocolNumber, at: start)
    }
    if !omitsAddress {
      start -= 2
      batch.arena.store(PPPHeader.addressAndControl, at: start)
    }
    start -= l2tpBytes
    L2TPDataHeader.write(
      in: &batch.arena, at: start, tunnelID: sessions[session].peerTunnelID,
      sessionID: sessions[session].peerSessionID,
      ns: hasSequence ? sessions[session].sequenceNext : nil)
    let port = sessions[session].peerPort
    guard carry(&batch, position, start..<payload.upperBound, on: carrier, peerPort: port) else {
      return false
    }
    if hasSequence { sessions[session].sequenceNext &+= 1 }
    return true
  }

  /// Bytes to keep before an L2TP message: UDP and ESP headers. Without IPsec the socket adds the
  /// UDP header, and its place stays empty.
  @inline(__always)
  private func headBytes(of carrier: Int) -> Int {
    guard let outbound = carriers[carrier].outbound else { return 8 }
    return 8 + outbounds[outbound].headerBytes
  }

  /// Bytes that the carrier puts behind a UDP datagram.
  @inline(__always)
  private func tailBytes(of carrier: Int, payloadBytes: Int) -> Int {
    guard let outbound = carriers[carrier].outbound else { return 0 }
    return outbounds[outbound].trailerBytes(payloadBytes: payloadBytes)
  }

  /// The payload, moved within its region if there is too little room on one side; `nil` when the
  /// region is too small.
  private mutating func makeRoom(
    _ batch: inout PacketBatch, _ position: Int, _ payload: Range<Int>, before: Int, behind: Int
  ) -> Range<Int>? {
    let region = batch[position].region
    guard before + payload.count + behind <= region.count else { return nil }
    let lowest = region.lowerBound + before
    let highest = region.upperBound - behind - payload.count
    guard payload.lowerBound < lowest || payload.lowerBound > highest else { return payload }
    batch.arena.move(payload, to: lowest)
    return lowest..<lowest + payload.count
  }

  /// Sends an L2TP message on a carrier: as it is, or in UDP and ESP.
  private mutating func carry(
    _ batch: inout PacketBatch, _ position: Int, _ message: Range<Int>, on carrier: Int,
    peerPort: UInt16
  ) -> Bool {
    let configuration = carriers[carrier].configuration
    batch[position].remote = configuration.remote
    batch[position].local = configuration.local
    batch[position].verdict = .send(configuration.encapsulation.socket)
    let datagram = message.lowerBound - 8..<message.upperBound
    guard datagram.count <= Int(UInt16.max),
      datagram.lowerBound >= batch[position].region.lowerBound
    else {
      drop(.noRoom, &batch, position)
      return false
    }
    guard configuration.encapsulation != .clear else {
      batch[position].setPacket(message)
      return true
    }
    writeUDP(&batch.arena, datagram, to: peerPort, configuration)
    return frame(&batch, position, datagram, on: carrier)
  }

  /// The inner UDP header. Over IPv4 the checksum is left out, as the ICV does its work; IPv6 does
  /// not allow that (RFC 8200 §8.1).
  private func writeUDP(
    _ arena: inout PacketArena, _ datagram: Range<Int>, to peerPort: UInt16,
    _ configuration: CarrierConfiguration
  ) {
    let start = datagram.lowerBound
    arena.store(Self.l2tpPort, at: start)
    arena.store(peerPort, at: start + 2)
    arena.store(UInt16(truncatingIfNeeded: datagram.count), at: start + 4)
    arena.store(UInt16(0), at: start + 6)
    guard !configuration.remote.address.isIPv4 else { return }
    let pseudoHeader = InternetChecksum.pseudoHeader(
      configuration.local.address, configuration.remote.address, transport: IPv4Header.udp,
      transportBytes: datagram.count)
    let checksum = InternetChecksum.checksum(
      InternetChecksum.sum(arena, datagram, initial: pseudoHeader))
    arena.store(checksum == 0 ? .max : checksum, at: start + 6)
  }

  /// Puts ESP around a UDP datagram and the packet on the list of those to be sealed.
  private mutating func frame(
    _ batch: inout PacketBatch, _ position: Int, _ datagram: Range<Int>, on carrier: Int
  ) -> Bool {
    guard let outbound = carriers[carrier].outbound else {
      drop(.noOutboundSA, &batch, position)
      return false
    }
    let result = outbounds[outbound].frame(
      datagram, nextHeader: ESPHeader.udp, region: batch[position].region, in: &batch.arena,
      for: &engine)
    switch result {
    case .failure(let rejection):
      drop(Drop(rejection), &batch, position)
      return false
    case .success(let framed):
      batch[position].setPacket(framed.packet)
      sealing[sealingCount] = Work(position: position)
      sealingCount += 1
      if let limit = framed.limit {
        let spi = outbounds[outbound].spi
        events.append(.outboundLimit(carriers[carrier].id, spi: spi, limit))
      }
      return true
    }
  }

  /// Seals what was gathered, in one call.
  mutating func sealGathered(_ batch: inout PacketBatch) {
    guard sealingCount > 0 else { return }
    batch.arena.withSpan { engine.seal(in: &$0) }
    for item in 0..<sealingCount where !engine.succeeded(item) {
      drop(.sealFailed, &batch, sealing[item].position)
    }
  }
}
