import L2TP
import Primitives

extension FuzzTarget {
  /// Two tunnels, and between them whatever the script does: loss, replay, damage, forged AVPs in
  /// sequence, time, commands of both owners.
  static let l2tpTunnel = FuzzTarget(
    name: "l2tp-tunnel", inputBytesMax: 1_024, isScript: true,
    seeds: {
      let connect = [UInt8](repeating: 0, count: 24)
      let openAndConnect: [UInt8] = [8] + connect + [8] + connect
      return (0..<8).map { mode in
        [UInt8(mode)] + openAndConnect + [9, 1] + connect + [11] + connect
      }
        + (0..<16).map { type in
          [0] + openAndConnect + [13, UInt8(type), 0, 8, 0x80, 8, 0, 0, 0, 9, 0, 7] + connect
        }
    },
    run: { input in
      var script = Script(input)
      var pair = TunnelPair(mode: script.byte())
      while !script.isAtEnd { pair.step(&script) }
      pair.leaveAlone()
    })
}

/// A LAC (the first end) and an LNS under fuzz.
struct TunnelPair: ~Copyable {
  static let secret = Secret(text: "fuzz")
  /// Timeouts until two machines that hear nothing must have come to rest.
  private static let timeoutsMax = 2_000
  private static let timeoutsAtOnceMax = 4

  private var random = SeededRandom(seed: 1)
  private var now = Instant.zero
  private var lac: Tunnel
  private var lns: Tunnel
  private var lacLife = TunnelLife()
  private var lnsLife = TunnelLife()
  private var wire = Wire { message in
    guard message.count >= 4 else { return }
    message[2] = UInt8(truncatingIfNeeded: message.count >> 8)
    message[3] = UInt8(truncatingIfNeeded: message.count)
  }
  private var nextSession: UInt16 = 1

  init(mode: UInt8) {
    var configuration = TunnelConfiguration(hostName: "end.example")
    if mode & 1 != 0 {
      configuration.secret = Self.secret
      configuration.requiresTunnelAuthentication = true
    }
    if mode & 2 != 0 {
      configuration.secret = Self.secret
      configuration.hideAVPs = true
    }
    configuration.usesTieBreaker = mode & 4 != 0
    configuration.sessionsMax = 4
    lac = Tunnel(opening: configuration, localID: 1, at: .zero, using: &random)
    lns = Tunnel(accepting: configuration, localID: 2, at: .zero)
    drain()
  }

  /// Every message of a tunnel with a session that lives and ends in peace, in the clear and with
  /// authentication and hiding.
  static func exchange() -> [[UInt8]] {
    var messages: [[UInt8]] = []
    for mode: UInt8 in [0, 3, 4] {
      var pair = TunnelPair(mode: mode)
      for command: UInt8 in [8, 9, 11] {
        while let message = pair.wire.next() {
          messages.append(message.bytes)
          pair.deliver(message)
          pair.drain()
        }
        var script = Script([command])
        pair.step(&script)
      }
    }
    return messages
  }

  /// Transition table of the script's language.
  mutating func step(_ script: inout Script) {
    switch script.byte() & 0xf {
    case 0, 1, 2: if let message = wire.next() { deliver(message) }
    case 3: _ = wire.next()
    case 4: wire.duplicate()
    case 5: wire.reorder()
    case 6: wire.flip(at: script.word(), with: script.byte())
    case 7: wire.truncate(to: script.word())
    case 8: openSession()
    case 9:
      let choice = script.byte()
      closeSession(choice, ofLAC: choice & 0x80 != 0)
    case 10: if let message = wire.replay(script.byte()) { deliver(message) }
    case 11: close(lac: script.byte() & 1 == 0)
    case 12: handleTimeouts(at: now + script.span())
    case 13: forge(&script)
    case 14: handleNextTimeout()
    default: wire.insert(script.chunk(), at: script.word())
    }
    drain()
  }

  private mutating func deliver(_ message: Wire.Message) {
    if message.toFirst {
      lac.receive(message.bytes, at: now, using: &random)
    } else {
      lns.receive(message.bytes, at: now, using: &random)
    }
  }

  private mutating func openSession() {
    nextSession = nextSession &+ 1 | 1
    guard !lac.snapshot.sessions.contains(where: { $0.localID == nextSession }) else { return }
    do {
      try lac.openSession(localID: nextSession, at: now, using: &random)
      lacLife.noteOpened(nextSession)
    } catch {}
  }

  private mutating func closeSession(_ choice: UInt8, ofLAC: Bool) {
    let sessions = ofLAC ? lac.snapshot.sessions : lns.snapshot.sessions
    guard !sessions.isEmpty else { return }
    let localID = sessions[Int(choice & 0x7f) % sessions.count].localID
    let result = ResultCode(cdn: .administrative)
    if ofLAC {
      lac.closeSession(localID, result: result, at: now)
    } else {
      lns.closeSession(localID, result: result, at: now)
    }
  }

  private mutating func close(lac closesLAC: Bool) {
    let result = ResultCode(stopCCN: .generalRequest)
    if closesLAC {
      lac.close(result: result, at: now)
    } else {
      lns.close(result: result, at: now)
    }
  }

  /// A message of the script's own making with sequence numbers that fit, so that its AVPs are
  /// looked at.
  private mutating func forge(_ script: inout Script) {
    let choice = script.byte()
    let toFirst = choice & 0x80 != 0
    let target = toFirst ? lac.snapshot : lns.snapshot
    let session = target.sessions.first?.localID ?? 0
    let type = UInt16(choice & 0x1f)
    var writer = ByteWriter()
    writer.write(UInt16(0xc802))
    writer.write(UInt16(0))
    writer.write(target.localID)
    writer.write(choice & 0x40 != 0 ? script.word() : type > 9 && type != 10 ? session : 0)
    writer.write(target.nr)
    writer.write(target.ns)
    for value: UInt16 in [0x8008, 0, 0, type] { writer.write(value) }
    writer.write(script.chunk())
    writer.overwrite(UInt16(truncatingIfNeeded: writer.count), at: 2)
    wire.sendFirst(writer.bytes, toFirst: toFirst)
  }

  private mutating func handleNextTimeout() {
    guard let due = earliest(lac.nextTimeout, lns.nextTimeout) else { return }
    handleTimeouts(at: max(now, due))
  }

  /// Hours late, the end of one thing may make the next one due at once; but not without end.
  private mutating func handleTimeouts(at instant: Instant) {
    now = instant
    for _ in 0..<Self.timeoutsAtOnceMax {
      lac.handleTimeout(at: now)
      lns.handleTimeout(at: now)
      drain()
      guard let due = earliest(lac.nextTimeout, lns.nextTimeout), due <= now else { return }
    }
    require(false, "a timer that was handled is still due")
  }

  /// Takes all outputs of both ends and holds them against what the product promises.
  private mutating func drain() {
    var outputs = 0
    while let bytes = lac.nextTransmit() {
      outputs += 1
      require((try? ControlMessage(parsing: bytes)) != nil, "the LAC sends a malformed message")
      wire.send(bytes, toFirst: false)
    }
    while let bytes = lns.nextTransmit() {
      outputs += 1
      require((try? ControlMessage(parsing: bytes)) != nil, "the LNS sends a malformed message")
      wire.send(bytes, toFirst: true)
    }
    while let event = lac.nextEvent() {
      outputs += 1
      lacLife.note(event)
    }
    while let event = lns.nextEvent() {
      outputs += 1
      lnsLife.note(event)
    }
    require(outputs <= outputsMax, "one input made \(outputs) outputs")
    // What has not said anything has not changed either: a snapshot takes longer than a step.
    guard outputs > 0 else { return }
    lacLife.check(lac.snapshot)
    lnsLife.check(lns.snapshot)
  }

  /// Two ends that hear nothing any more must close, forget and come to rest.
  mutating func leaveAlone() {
    for _ in 0..<Self.timeoutsMax {
      guard earliest(lac.nextTimeout, lns.nextTimeout) != nil else { break }
      handleNextTimeout()
    }
    require(lac.nextTimeout == nil && lns.nextTimeout == nil, "a tunnel never comes to rest")
    require(lac.isDiscardable && lns.isDiscardable, "a tunnel at rest is not over")
    require(lacLife.isOver && lac.snapshot.sessions.isEmpty, "the LAC's tunnel ended untold")
    require(
      lnsLife.isOver || lns.phase == .idle, "the LNS's tunnel ended without telling anybody")
  }
}

/// What one end has told so far: every session and the tunnel end exactly once.
private struct TunnelLife {
  private var opened: Set<UInt16> = []
  private var up: Set<UInt16> = []
  private(set) var isOver = false

  mutating func noteOpened(_ localID: UInt16) { opened.insert(localID) }

  mutating func note(_ event: TunnelEvent) {
    require(!isOver, "an event after the tunnel's end: \(event)")
    switch event {
    case .established, .sessionRefused: break
    case .sessionEstablished(let localID, _, _):
      require(up.insert(localID).inserted, "session \(localID) came up twice")
    case .sessionClosed(let localID, _, _):
      up.remove(localID)
      opened.remove(localID)
    case .closed:
      require(up.isEmpty && opened.isEmpty, "the tunnel ended before its sessions")
      isOver = true
    }
  }

  func check(_ snapshot: TunnelSnapshot) {
    let live = Set(snapshot.sessions.map(\.localID))
    require(live.count <= 4, "more sessions than may be")
    require(up.isSubset(of: live) && opened.isSubset(of: live), "a session went untold")
    require(snapshot.outgoing <= 256, "\(snapshot.outgoing) messages wait to be acknowledged")
  }
}
