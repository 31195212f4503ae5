import IPPacket
import Primitives

// Packets that came in one batch with the control packet that makes their way: an ESP packet with
// the last message of the quick mode that its SA is from, an LCP packet with the ICCN.

/// A packet whose SA or session is unknown or not open yet, and from where it goes on.
struct WaitingPacket: Sendable {
  enum Stage: Sendable {
    case esp(Encapsulation)
    /// An L2TP data message of a carrier.
    case l2tp(CarrierID, Range<Int>, sourcePort: UInt16)
    /// An IP packet of a session's user.
    case ipv4(SessionID, Range<Int>)
  }

  var position: Int
  var stage: Stage
  /// What it is dropped for when nothing has changed.
  var drop: Drop
}

extension Dataplane {
  /// Takes up what `receive` left undecided because it depends on control packets of the same batch.
  /// Call with that batch, untouched, once the punts have had their effect; what still has no SA or
  /// session is dropped.
  public mutating func receiveWaiting(_ batch: inout PacketBatch, at now: Instant) {
    guard waitingCount > 0 else { return }
    beginBatch()
    isLastTry = true
    for item in 0..<waitingCount { resume(waiting[item], &batch, at: now) }
    waitingCount = 0
    openGathered(&batch, at: now)
    sealGathered(&batch)
    isLastTry = false
  }

  private mutating func resume(
    _ packet: WaitingPacket, _ batch: inout PacketBatch, at now: Instant
  ) {
    switch packet.stage {
    case .esp(let encapsulation):
      gather(&batch, packet.position, encapsulation)
    case .l2tp(let id, let message, let sourcePort):
      guard let carrier = carrierIndex.find(UInt64(id.value)) else {
        return drop(packet.drop, &batch, packet.position)
      }
      receiveL2TP(&batch, packet.position, carrier, message, sourcePort: sourcePort, at: now)
    case .ipv4(let id, let range):
      guard let session = sessionIndex.find(UInt64(id.value)), sessions[session].isOpen else {
        return drop(packet.drop, &batch, packet.position)
      }
      receiveIPv4(&batch, packet.position, session, range, at: now)
    }
  }

  /// Lets a packet wait for the control packets of its batch, once; each has one place, so there is
  /// always room.
  mutating func wait(
    _ drop: Drop, _ stage: WaitingPacket.Stage, _ batch: inout PacketBatch, _ position: Int
  ) {
    guard !isLastTry else { return self.drop(drop, &batch, position) }
    waiting[waitingCount] = WaitingPacket(position: position, stage: stage, drop: drop)
    waitingCount += 1
  }

  /// Without a control packet in the batch there is nothing to wait for.
  mutating func dropWaitingWithoutPunts(_ batch: inout PacketBatch) {
    guard waitingCount > 0, punts.isEmpty else { return }
    for item in 0..<waitingCount { drop(waiting[item].drop, &batch, waiting[item].position) }
    waitingCount = 0
  }
}
