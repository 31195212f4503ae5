import Cryptography
import ESP
import IPPacket
import Primitives

// From the outer sockets inwards, as far as the L2TP message.

extension Dataplane {
  /// Works on every undecided packet of a batch that came from one of the outer sockets. Raw ESP
  /// packets begin with the SPI: the caller has taken the IP header off.
  ///
  /// Control packets wait as punts; what they may open the way for stays undecided until
  /// `receiveWaiting`.
  ///
  /// - Precondition: the batch holds `limits.batchPacketsMax` packets at most.
  public mutating func receive(
    _ batch: inout PacketBatch, from socket: OuterSocket, at now: Instant
  ) {
    precondition(batch.count <= limits.batchPacketsMax, "a batch beyond the agreed size")
    beginBatch()
    waitingCount = 0
    for position in 0..<batch.count where batch[position].verdict == .undecided {
      switch socket {
      case .udp500: puntIKE(&batch, position, floated: false)
      case .udp4500: classify(&batch, position)
      case .rawESP: gather(&batch, position, .plainESP)
      case .udp1701: receiveClear(&batch, position, at: now)
      }
    }
    openGathered(&batch, at: now)
    sealGathered(&batch)
    dropWaitingWithoutPunts(&batch)
  }

  mutating func beginBatch() {
    engine.removeAll()
    openingCount = 0
    sealingCount = 0
  }

  /// UDP 4500 carries three things (RFC 3948 §2).
  private mutating func classify(_ batch: inout PacketBatch, _ position: Int) {
    let packet = batch[position].packet
    guard packet.count >= 4 else {
      let isKeepalive = packet.count == 1 && batch.arena.uint8(at: packet.lowerBound) == 0xFF
      return drop(isKeepalive ? .keepalive : .shortDatagram, &batch, position)
    }
    guard batch.arena.uint32(at: packet.lowerBound) != 0 else {
      batch[position].setPacket(packet.lowerBound + 4..<packet.upperBound)
      return puntIKE(&batch, position, floated: true)
    }
    gather(&batch, position, .udpESP)
  }

  private mutating func puntIKE(_ batch: inout PacketBatch, _ position: Int, floated: Bool) {
    let slot = batch[position]
    // The fixed ISAKMP header (RFC 2408 §3.1).
    guard slot.packet.count >= 28 else { return drop(.shortIKE, &batch, position) }
    punt(&batch, position, slot.packet) {
      .ike($0, local: slot.local, remote: slot.remote, floated: floated)
    }
  }

  /// Copies a control packet upwards.
  mutating func punt(
    _ batch: inout PacketBatch, _ position: Int, _ range: Range<Int>,
    _ wrap: ([UInt8]) -> Punt
  ) {
    guard punts.admits(bytes: range.count) else { return drop(.puntsFull, &batch, position) }
    punts.append(wrap(batch.arena.bytes(range)))
    batch[position].verdict = .done
  }

  /// Finds the packet's SA and puts it on the list of those to be opened.
  mutating func gather(
    _ batch: inout PacketBatch, _ position: Int, _ encapsulation: Encapsulation
  ) {
    let packet = batch[position].packet
    guard packet.count >= ESPHeader.bytes else { return drop(.badESPLength, &batch, position) }
    let spi = batch.arena.uint32(at: packet.lowerBound)
    guard spi >= ESPHeader.spiMin else { return drop(.reservedSPI, &batch, position) }
    guard let index = spiIndex.find(UInt64(spi)) else {
      return wait(.unknownSPI, .esp(encapsulation), &batch, position)
    }
    guard associations[index].encapsulation == encapsulation else {
      return drop(.wrongEncapsulation, &batch, position)
    }
    if let rejection = associations[index].sa.submit(packet, in: batch.arena, to: &engine) {
      return refuse(Drop(rejection), &batch, position, by: index)
    }
    opening[openingCount] = Work(position: position, association: index)
    openingCount += 1
  }

  /// Opens what was gathered, in one call, and takes each packet further in the order of arrival.
  mutating func openGathered(_ batch: inout PacketBatch, at now: Instant) {
    guard openingCount > 0 else { return }
    batch.arena.withSpan { engine.open(in: &$0) }
    for item in 0..<openingCount { opening[item].failed = !engine.succeeded(item) }
    engine.removeAll()
    for item in 0..<openingCount {
      let work = opening[item]
      if work.failed {
        refuse(.badICV, &batch, work.position, by: work.association)
      } else {
        accept(&batch, work, at: now)
      }
    }
  }

  private mutating func accept(_ batch: inout PacketBatch, _ work: Work, at now: Instant) {
    let packet = batch[work.position].packet
    let content: InboundSA.Content
    switch associations[work.association].sa.accept(packet, in: batch.arena) {
    case .failure(let rejection):
      return refuse(Drop(rejection), &batch, work.position, by: work.association)
    case .success(let accepted): content = accepted
    }
    let carrier = associations[work.association].carrier
    noteLife(of: carrier, at: now)
    if let limit = content.limit {
      let spi = associations[work.association].sa.spi
      events.append(.inboundLimit(carriers[carrier].id, spi: spi, limit))
    }
    if content.isNewest, associations[work.association].encapsulation == .udpESP {
      noteAddress(of: carrier, batch[work.position])
    }
    switch content.nextHeader {
    case ESPHeader.noNextHeader: drop(.dummyESP, &batch, work.position)
    case ESPHeader.udp: unwrapUDP(&batch, work, carrier, content.payload, at: now)
    default: refuse(.outsideSelector, &batch, work.position, by: work.association)
    }
  }

  /// Drops a packet of an SA, which counts it too.
  private mutating func refuse(
    _ reason: Drop, _ batch: inout PacketBatch, _ position: Int, by association: Int
  ) {
    associations[association].refusals.count(reason)
    drop(reason, &batch, position)
  }

  private mutating func noteLife(of carrier: Int, at now: Instant) {
    carriers[carrier].lastAuthenticated = now
    if let due = carriers[carrier].aliveEventDue, now < due { return }
    if events.append(.carrierAlive(carriers[carrier].id)) {
      carriers[carrier].aliveEventDue = now + Self.aliveEventInterval
    }
  }

  /// Reports a NAT's new mapping. Only the newest packet of an SA proves it: an old packet, held
  /// back and sent from elsewhere, would move the carrier to whoever held it.
  private mutating func noteAddress(of carrier: Int, _ slot: PacketSlot) {
    guard slot.remote != carriers[carrier].configuration.remote else { return }
    guard slot.remote != carriers[carrier].reportedRemote else { return }
    let event = DataplaneEvent.carrierMoved(
      carriers[carrier].id, local: slot.local, remote: slot.remote)
    if events.append(event) { carriers[carrier].reportedRemote = slot.remote }
  }

  /// The selector of L2TP/IPsec: UDP to our port 1701, from any port (RFC 3193 §3.1). The UDP
  /// checksum is not looked at: the ICV has proved the bytes, and behind a NAT the checksum is
  /// wrong by design (RFC 3948 §3.1.2).
  private mutating func unwrapUDP(
    _ batch: inout PacketBatch, _ work: Work, _ carrier: Int, _ payload: Range<Int>,
    at now: Instant
  ) {
    let position = work.position
    let start = payload.lowerBound
    guard payload.count >= 8 else { return drop(.badUDPLength, &batch, position) }
    let bytes = Int(batch.arena.uint16(at: start + 4))
    guard bytes >= 8, bytes <= payload.count else { return drop(.badUDPLength, &batch, position) }
    guard batch.arena.uint16(at: start + 2) == Self.l2tpPort else {
      return refuse(.outsideSelector, &batch, position, by: work.association)
    }
    let message = start + 8..<start + bytes
    let sourcePort = batch.arena.uint16(at: start)
    receiveL2TP(&batch, position, carrier, message, sourcePort: sourcePort, at: now)
  }

  private mutating func receiveClear(
    _ batch: inout PacketBatch, _ position: Int, at now: Instant
  ) {
    let slot = batch[position]
    if let carrier = addressIndex.find(Carrier.addressKey(slot.remote)),
      carriers[carrier].configuration.remote == slot.remote
    {
      noteLife(of: carrier, at: now)
      return receiveL2TP(
        &batch, position, carrier, slot.packet, sourcePort: slot.remote.port, at: now)
    }
    guard acceptsClearL2TP, slot.packet.count >= L2TPDataHeader.bytesMin,
      L2TPDataHeader.isControl(batch.arena, slot.packet)
    else { return drop(.clearL2TP, &batch, position) }
    punt(&batch, position, slot.packet) {
      .clearL2TPControl($0, local: slot.local, remote: slot.remote)
    }
  }

  /// L2TP's port (RFC 2661 §8.1).
  static var l2tpPort: UInt16 { 1_701 }

  /// Short beside every liveness timer (the shortest is DPD's), long beside a packet.
  static var aliveEventInterval: Duration { .seconds(1) }
}
