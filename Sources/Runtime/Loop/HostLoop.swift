import Control
import Cryptography
import Endpoint
import IKE
import IPPacket
import LinuxIO
import Primitives

/// The one thread of a gateway or client: sockets, TUN, timers and questions, in turns of bounded
/// work.
///
/// ```
/// wait ─► sockets ─► TUN ─► questions ─► timers ─► the owner's end of turn ─► wait
///           └─ each input: host ─► verdicts sent ─► answers ─► control packets sent
/// ```
///
/// The clock is read once a turn. However much comes in, each source gets a share of every turn, so
/// neither timers nor questions starve.
struct HostLoop<Owner: LoopOwner & ~Copyable>: ~Copyable {
  var owner: Owner
  var random = SystemRandom()
  /// Numbers of what is shown.
  var numbers = LoopRecordNumbers()
  private(set) var places = PathMemory()
  private(set) var outer: OuterSide
  private let inner: InnerPort?
  private var poller: Poller
  private let mailbox: Mailbox<Owner>
  private let workers: KeyExchangeWorkers
  private let environment: LoopEnvironment
  private var log: EventLog
  private var batch: PacketBatch
  private var ready: [ReadyEvent] = []
  private var isWatchedForWriting: [Bool]
  private var progress = Progress.running
  private var status = StatusLine()

  private enum Progress {
    case running
    /// The peers are being told; over at the deadline at the latest.
    case ending(LoopEnding, until: Instant)
  }

  /// What the poller reports; smaller numbers are ports by their index.
  private enum Token {
    static var mailbox: UInt64 { 1 << 32 }
    static var signals: UInt64 { 2 << 32 }
    static var inner: UInt64 { 3 << 32 }
  }

  /// Batches that one source may bring in one turn.
  private static var batchesPerTurn: Int { 4 }
  /// Questions and results that one turn takes.
  private static var jobsPerTurn: Int { 64 }
  /// How long the last words may take.
  private static var lastWordsMax: Duration { .seconds(3) }

  /// - Parameter packetBytesMax: the longest IP packet of either side.
  /// - Throws: what keeps the poller from watching the descriptors.
  init(
    owner: consuming Owner, ports: [any OuterPorting], inner: InnerPort?,
    mailbox: Mailbox<Owner>, workers: KeyExchangeWorkers, log: EventLog,
    environment: LoopEnvironment, packetBytesMax: Int
  ) throws(SystemError) {
    let poller = try Poller()
    try poller.add(mailbox.descriptor, token: Token.mailbox)
    if let signals = environment.signals {
      try poller.add(signals.descriptor, token: Token.signals)
    }
    if let inner { try poller.add(inner.descriptor, token: Token.inner) }
    for (index, port) in ports.enumerated() {
      try poller.add(port.descriptor, token: UInt64(index))
    }
    self.poller = poller
    self.inner = inner
    self.mailbox = mailbox
    self.workers = workers
    self.environment = environment
    self.log = log
    isWatchedForWriting = Array(repeating: false, count: ports.count)
    let roomBytes = PacketBatch.headroomBytesDefault + PacketBatch.tailroomBytesMin
    batch = PacketBatch(
      countMax: BatchBridge.receivedMax, regionBytes: max(2_304, packetBytesMax + roomBytes))
    outer = OuterSide(ports: ports, packetsMax: owner.host.control.countMax)
    self.owner = owner
  }

  /// Runs until the owner, a signal, `end` or a broken descriptor ends it.
  mutating func run() -> LoopEnding {
    do throws(SystemError) {
      // What was said to the host before, a dial for one, waits to be sent.
      try settle(at: MonotonicClock.now())
      while true {
        if let ending = try turn() { return ending }
      }
    } catch {
      log.fault("\(error)")
      return .failure(.brokenDescriptor(error))
    }
  }

  /// Closes everything and ends the loop, at once when it is said a second time.
  mutating func end(_ ending: LoopEnding, at now: Instant) {
    guard case .running = progress else {
      progress = .ending(ending, until: now)
      return
    }
    progress = .ending(ending, until: now + Self.lastWordsMax)
    try? environment.notifier.stopping()
    let reason: CloseReason =
      switch ending {
      case .success(let reason): reason
      case .failure: .internalError
      }
    owner.shutDown(reason, at: now, using: &random)
  }

  /// It closes what is left and takes no more.
  var isEnding: Bool {
    if case .ending = progress { true } else { false }
  }

  // Inside

  /// One turn; returns how the loop ended when this was the last.
  private mutating func turn() throws(SystemError) -> LoopEnding? {
    try poller.wait(until: deadline, into: &ready)
    let now = MonotonicClock.now()
    for event in ready { try take(event, at: now) }
    owner.host.handleTimeout(at: now, using: &random)
    try settle(at: now)
    owner.endTurn(at: now, using: &random)
    if case .running = progress, let ending = owner.ending { end(ending, at: now) }
    try settle(at: now)
    try watchFullPorts()
    status.update(owner.host.endpoint.liveCounts, to: environment.notifier, at: now)
    guard case .ending(let ending, let until) = progress else { return nil }
    return now >= until || (owner.isQuiet && outer.isFlushed) ? ending : nil
  }

  private var deadline: Instant? {
    var deadline = earliest(owner.host.nextTimeout, owner.nextTurn)
    deadline = earliest(deadline, status.due)
    guard case .ending(_, let until) = progress else { return deadline }
    return earliest(deadline, until)
  }

  private mutating func take(_ event: ReadyEvent, at now: Instant) throws(SystemError) {
    switch event.token {
    case Token.mailbox: try runJobs(at: now)
    case Token.signals: takeSignals(at: now)
    case Token.inner: try readInner(at: now)
    default:
      let index = Int(event.token)
      if event.readiness.contains(.writable) { try outer.ports[index].flush() }
      try receive(from: index, at: now)
    }
  }

  private mutating func receive(from index: Int, at now: Instant) throws(SystemError) {
    let kind = outer.ports[index].kind
    for _ in 0..<Self.batchesPerTurn {
      let count = try outer.receive(from: index, into: &batch)
      guard count > 0 else { return }
      owner.host.receive(&batch, from: kind, at: now, using: &random)
      try outer.send(&batch)
      try inner?.deliver(&batch)
      try settle(at: now)
      if count < BatchBridge.receivedMax { return }
    }
  }

  private mutating func readInner(at now: Instant) throws(SystemError) {
    guard let inner else { return }
    for _ in 0..<Self.batchesPerTurn {
      let count = try inner.read(into: &batch)
      guard count > 0 else { return }
      owner.host.receiveFromTUN(&batch, at: now, using: &random)
      try outer.send(&batch)
      try settle(at: now)
      if count < BatchBridge.receivedMax { return }
    }
  }

  private mutating func runJobs(at now: Instant) throws(SystemError) {
    for job in mailbox.take(Self.jobsPerTurn) {
      job(&self, now)
      owner.host.settle(at: now, using: &random)
      try settle(at: now)
    }
  }

  private mutating func takeSignals(at now: Instant) {
    for signal in environment.signals?.take() ?? [] {
      switch signal {
      case .terminate: end(.success(.shutdown), at: now)
      case .interrupt: end(.success(environment.interruptReason), at: now)
      case .hangup:
        if let onHangup = environment.onHangup {
          onHangup()
        } else {
          end(.success(.shutdown), at: now)
        }
      }
    }
  }

  /// Carries out what the owner wants done outside; called after every input.
  private mutating func settle(at now: Instant) throws(SystemError) {
    owner.answer(at: now, using: &random)
    while let output = owner.nextOutput() {
      switch output {
      case .compute(let job): workers.submit(job)
      case .event(let event):
        log.note(event, at: now)
        places.note(event)
        owner.observe(event, at: now)
      }
    }
    try outer.send(&owner.host.control)
    owner.host.control.removeAll()
  }

  /// A socket is watched for writability only while something waits for it.
  private mutating func watchFullPorts() throws(SystemError) {
    for (index, port) in outer.ports.enumerated() where port.isFull != isWatchedForWriting[index] {
      try poller.modify(
        port.descriptor, token: UInt64(index),
        for: port.isFull ? [.readable, .writable] : .readable)
      isWatchedForWriting[index] = port.isFull
    }
  }
}
