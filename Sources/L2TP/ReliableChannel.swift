import Primitives

/// Reliable delivery of control messages (RFC 2661 §5.8, appendix A): a sliding window over Ns and
/// Nr modulo 65536 with retransmission, acknowledgement and slow start.
///
/// Messages leave in two steps: an input decides with `pump(at:)` what may be sent, because only
/// inputs know the time; `nextTransmit(to:)` hands it out with the newest Nr. A retransmission
/// equals the first sending in every byte but Nr, as §5.8 demands.
struct ReliableChannel: Sendable {
  /// Answers not yet acknowledged beyond which no further message is taken from the peer. Closing
  /// messages for sessions that exist may exceed it; the session table bounds those.
  static let outgoingMax = 128

  struct Outgoing: Sendable {
    var tunnelID: UInt16
    var sessionID: UInt16
    var body: [UInt8]
    var isHello: Bool
  }

  /// What is to be done with a received message.
  enum Reception { case deliver, hold, duplicate }

  private let firstWait: Duration
  private let waitMax: Duration
  private let receiveWindow: UInt16
  /// The peer's window; the first SCCRQ is sent without knowing it.
  var peerWindow: UInt16 = 1

  /// Not yet acknowledged; the first one has the sequence number `unacknowledged`.
  private(set) var outgoing: [Outgoing] = []
  private var unacknowledged: UInt16 = 0
  /// How many of `outgoing`, from the front, were ever sent.
  private var everSent = 0
  /// How many of them count against the windows now; a timeout takes all back.
  private(set) var inFlight = 0
  private var ready: [UInt16] = []

  /// The sequence number expected next.
  private(set) var nr: UInt16 = 0
  private var isAcknowledgementDue = false
  /// Messages ahead of a gap; never more than the receive window.
  private var held: [UInt16: ControlMessage] = [:]

  private(set) var congestionWindow = 1
  private(set) var slowStartThreshold = 1
  private var acknowledgementsInAvoidance = 0

  /// When the front message is retransmitted.
  private(set) var due: Instant?
  private var wait: Duration
  /// How often the front message was retransmitted without progress.
  private(set) var retransmissions = 0
  /// When the front message was first sent in this cycle of retransmissions.
  private(set) var cycleBegan: Instant = .zero
  private var isSuspended = false

  init(firstWait: Duration, waitMax: Duration, receiveWindow: UInt16) {
    self.firstWait = firstWait
    self.waitMax = waitMax
    self.receiveWindow = receiveWindow
    wait = firstWait
  }

  /// The sequence number of the next new message, and of a ZLB.
  var ns: UInt16 { unacknowledged &+ UInt16(truncatingIfNeeded: everSent) }

  var isFull: Bool { outgoing.count >= Self.outgoingMax }

  /// Nothing but a Hello waits for its acknowledgement.
  var awaitsHelloOnly: Bool { outgoing.count == 1 && isHelloInFront }

  var isHelloInFront: Bool { outgoing.first?.isHello ?? false }

  // MARK: Receiving

  /// Takes the sequence numbers of a received message; throws, with nothing changed, when they
  /// cannot be.
  mutating func receive(
    _ header: ControlHeader, at now: Instant
  ) throws(Violation) -> Reception {
    // "Less than or equal" is the range of the last number received and the 32767 before it.
    let aheadBy = header.ns &- nr
    let isPast = aheadBy >= 0x8000
    let acknowledged = header.nr &- unacknowledged
    guard acknowledged <= everSent || acknowledged >= 0x8000 else { throw .acknowledgesUnsent }
    if !header.isZLB, !isPast {
      guard aheadBy < receiveWindow else { throw .outsideWindow }
      // Left unacknowledged, the message comes again when our queue has drained.
      guard !isFull || acknowledged <= everSent && acknowledged > 0 else { throw .backlog }
    }
    if acknowledged > 0, acknowledged <= everSent { acknowledge(Int(acknowledged), at: now) }
    if header.isZLB { return .duplicate }
    if aheadBy == 0 {
      nr &+= 1
      isAcknowledgementDue = true
      return .deliver
    }
    // A duplicate means that our acknowledgement was lost: it is repeated (§5.8).
    if isPast { isAcknowledgementDue = true }
    return isPast ? .duplicate : .hold
  }

  /// Keeps a message that came before its predecessor.
  mutating func hold(_ message: ControlMessage) {
    held[message.header.ns] = message
  }

  /// The held message that is in sequence now.
  mutating func nextHeld() -> ControlMessage? {
    guard let message = held.removeValue(forKey: nr) else { return nil }
    nr &+= 1
    isAcknowledgementDue = true
    return message
  }

  private mutating func acknowledge(_ count: Int, at now: Instant) {
    outgoing.removeFirst(count)
    unacknowledged &+= UInt16(truncatingIfNeeded: count)
    everSent -= count
    inFlight = max(0, inFlight - count)
    growCongestionWindow()
    retransmissions = 0
    wait = firstWait
    isSuspended = false
    cycleBegan = now
    due = inFlight > 0 ? now + firstWait : nil
  }

  // MARK: Sending

  /// Appends a message; `pump(at:)` sends it when the windows allow.
  mutating func enqueue(_ message: Outgoing) { outgoing.append(message) }

  /// Forgets what was never sent: a StopCCN makes it void.
  mutating func dropUnsent() { outgoing.removeLast(outgoing.count - everSent) }

  /// Stops sending for good, acknowledgements apart.
  mutating func dropAll() {
    unacknowledged = ns
    outgoing = []
    everSent = 0
    inFlight = 0
    ready = []
    due = nil
  }

  /// Marks for sending what the windows allow.
  ///
  /// - Parameter ignoringCongestion: only the peer's window counts; a StopCCN need not wait.
  mutating func pump(at now: Instant, ignoringCongestion: Bool = false) {
    guard !isSuspended else { return }
    // Nor need anything wait for a Hello: some phones never acknowledge one and yet must learn of
    // a CDN.
    let window =
      ignoringCongestion || isHelloInFront
      ? Int(peerWindow) : min(congestionWindow, Int(peerWindow))
    while inFlight < window, inFlight < outgoing.count {
      ready.append(unacknowledged &+ UInt16(truncatingIfNeeded: inFlight))
      inFlight += 1
      everSent = max(everSent, inFlight)
      if due == nil {
        cycleBegan = now
        due = now + wait
      }
    }
  }

  /// The next message to send, else an acknowledgement if one is due and no message carried it.
  mutating func nextTransmit(to remoteID: UInt16) -> [UInt8]? {
    while !ready.isEmpty {
      let ns = ready.removeFirst()
      let index = Int(ns &- unacknowledged)
      // Acknowledged since it was marked.
      guard index < outgoing.count else { continue }
      let message = outgoing[index]
      isAcknowledgementDue = false
      return ControlMessage.bytes(
        header: ControlHeader(
          tunnelID: message.tunnelID, sessionID: message.sessionID, ns: ns, nr: nr, lengthBytes: 0),
        body: message.body)
    }
    guard isAcknowledgementDue else { return nil }
    isAcknowledgementDue = false
    return ControlMessage.bytes(
      header: ControlHeader(tunnelID: remoteID, sessionID: 0, ns: ns, nr: nr, lengthBytes: 0),
      body: [])
  }

  // MARK: Retransmission

  /// Goes back to the front message when its time is over; `false` when that was done as often as
  /// may be.
  mutating func handleTimeout(at now: Instant, retransmissionsMax: Int) -> Bool {
    guard let due, due <= now else { return true }
    if isSuspended {
      isSuspended = false
      restartCycle(at: now)
      return true
    }
    guard retransmissions < retransmissionsMax else { return false }
    retransmissions += 1
    wait = min(wait * 2, waitMax)
    slowStartThreshold = max(1, congestionWindow / 2)
    goBack(at: now)
    return true
  }

  /// Counts retransmissions from 0 again and sends the front message now.
  mutating func restartCycle(at now: Instant) {
    retransmissions = 0
    wait = firstWait
    cycleBegan = now
    goBack(at: now)
  }

  /// Sends nothing before `resumption`; then the cycle starts from 0.
  mutating func suspend(until resumption: Instant) {
    isSuspended = true
    due = resumption
  }

  /// Sends now, whatever was suspended: something other than a Hello is queued.
  mutating func resume(at now: Instant) {
    guard isSuspended else { return }
    isSuspended = false
    restartCycle(at: now)
  }

  private mutating func goBack(at now: Instant) {
    congestionWindow = 1
    acknowledgementsInAvoidance = 0
    inFlight = 0
    ready = []
    due = now + wait
    pump(at: now)
  }

  /// Takes the peer's Receive Window Size: slow start ends there at the latest (appendix A).
  mutating func open(peerWindow: UInt16) {
    self.peerWindow = peerWindow
    slowStartThreshold = Int(peerWindow)
  }

  /// Appendix A: one more for each acknowledgement in slow start, one more for a whole window of
  /// them afterwards; never beyond the peer's window.
  private mutating func growCongestionWindow() {
    guard congestionWindow < Int(peerWindow) else { return }
    if congestionWindow < slowStartThreshold {
      congestionWindow += 1
      return
    }
    acknowledgementsInAvoidance += 1
    if acknowledgementsInAvoidance >= congestionWindow {
      acknowledgementsInAvoidance = 0
      congestionWindow += 1
    }
  }
}
