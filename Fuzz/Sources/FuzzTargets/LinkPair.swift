import PPP
import Primitives

extension FuzzTarget {
  /// A gateway's and a client's link, and between them whatever the script does.
  static let pppLink = FuzzTarget(
    name: "ppp-link", inputBytesMax: 1_024, isScript: true,
    seeds: {
      let pass = [UInt8](repeating: 0, count: 40)
      return (0..<16).map { [UInt8($0)] + pass + [8, 0, 0xff] + pass + [9, UInt8($0)] + pass }
        + LinkPair.exchange().map { frame in
          [0] + pass + [11, 1, UInt8(frame.count >> 8), UInt8(frame.count & 0xff)] + frame + pass
        }
    },
    run: { input in
      var script = Script(input)
      var pair = LinkPair(mode: script.byte())
      while !script.isAtEnd { pair.step(&script) }
      pair.leaveAlone()
    })
}

/// A gateway (the first end) and a client under fuzz.
struct LinkPair: ~Copyable {
  private static let password = Secret(text: "sesame")
  /// Timeouts until two machines that hear nothing must have come to rest.
  private static let timeoutsMax = 2_000

  private var random = SeededRandom(seed: 1)
  private var now = Instant.zero
  private var gateway: PPPLink
  private var client: PPPLink
  private var gatewayLife = LinkLife(role: .authenticator)
  private var clientLife = LinkLife(role: .peer)
  private var ticket: UInt32?
  private var isAddressAsked = false
  private let answersLate: Bool
  private var wire = Wire { frame in
    guard frame.count >= 6 else { return }
    frame[4] = UInt8(truncatingIfNeeded: (frame.count - 2) >> 8)
    frame[5] = UInt8(truncatingIfNeeded: frame.count - 2)
  }

  /// Both links, started.
  init(mode: UInt8) {
    let protocols: [AuthenticationProtocol] =
      switch mode & 3 {
      case 0: [.msCHAPv2, .chapMD5]
      case 1: [.chapMD5, .pap]
      case 2: [.pap]
      default: []
      }
    var ours = PPPConfiguration(role: .authenticator)
    ours.authentication = protocols
    var theirs = PPPConfiguration(role: .peer)
    theirs.authentication = protocols
    theirs.userName = "alice"
    theirs.password = Self.password
    theirs.requestsNBNS = mode & 8 != 0
    theirs.requestsProtocolFieldCompression = mode & 8 != 0
    answersLate = mode & 4 != 0
    gateway = PPPLink(ours)
    client = PPPLink(theirs)
    if protocols.isEmpty { gatewayLife.noteAccepted() }
    gateway.start(at: now, using: &random)
    client.start(at: now, using: &random)
    drain()
  }

  /// Every frame of links that come up, live and close in peace, by each authentication.
  static func exchange() -> [[UInt8]] {
    var frames: [[UInt8]] = []
    for mode: UInt8 in [0, 1, 10, 3] {
      var pair = LinkPair(mode: mode)
      for command: UInt8 in [13, 9, 0] {
        while let frame = pair.wire.next() {
          frames.append(frame.bytes)
          pair.deliver(frame)
          pair.drain()
        }
        var script = Script([command])
        pair.step(&script)
      }
    }
    return frames
  }

  mutating func pass(messagesMax: Int) {
    for _ in 0..<messagesMax {
      guard let frame = wire.next() else { return }
      deliver(frame)
      drain()
    }
  }

  mutating func inject(_ frame: [UInt8], toGateway: Bool) {
    deliver(Wire.Message(toFirst: toGateway, bytes: frame))
    drain()
  }

  /// Transition table of the script's language.
  mutating func step(_ script: inout Script) {
    switch script.byte() & 0xf {
    case 0, 1, 2: if let frame = wire.next() { deliver(frame) }
    case 3: _ = wire.next()
    case 4: wire.duplicate()
    case 5: wire.reorder()
    case 6: wire.flip(at: script.word(), with: script.byte())
    case 7: wire.truncate(to: script.word())
    case 8: handleTimeouts(at: now + script.span())
    case 9: command(script.byte())
    case 10: if let frame = wire.replay(script.byte()) { deliver(frame) }
    case 11:
      let toGateway = script.byte() & 1 == 0
      wire.sendFirst(script.chunk(), toFirst: toGateway)
    case 12: answer(script.byte())
    case 13: handleNextTimeout()
    default: wire.insert(script.chunk(), at: script.word())
    }
    drain()
  }

  private mutating func command(_ choice: UInt8) {
    switch choice & 7 {
    case 0, 1: gateway.close(.requested, at: now)
    case 2, 3: client.close(.requested, at: now)
    case 4: gateway.lowerLayerDown(.peerClosed, at: now)
    case 5: client.lowerLayerDown(.peerClosed, at: now)
    case 6: gateway.noteDataReceived(at: now)
    default: client.noteDataReceived(at: now)
    }
  }

  /// Answers a question of the gateway late, twice, wrongly or unasked.
  private mutating func answer(_ choice: UInt8) {
    if choice & 1 == 0 {
      let isAccepted = choice & 2 == 0
      if isAccepted, ticket != nil { gatewayLife.noteAccepted() }
      gateway.completeAuthentication(
        ticket ?? UInt32(choice), isAccepted ? .accepted() : .refused, at: now, using: &random)
      ticket = nil
    } else {
      assignAddress()
    }
  }

  private mutating func assignAddress() {
    gateway.assignAddress(
      AddressOffer(
        local: IPv4Address(10, 0, 0, 1), peer: IPv4Address(10, 0, 0, 77),
        dns: [IPv4Address(10, 0, 0, 53), IPv4Address(10, 0, 0, 54), IPv4Address(10, 0, 0, 55)]),
      at: now, using: &random)
    isAddressAsked = false
  }

  private mutating func deliver(_ frame: Wire.Message) {
    if frame.toFirst {
      gateway.receive(frame.bytes, at: now, using: &random)
    } else {
      client.receive(frame.bytes, at: now, using: &random)
    }
  }

  private mutating func handleNextTimeout() {
    guard let due = earliest(gateway.nextTimeout, client.nextTimeout) else { return }
    handleTimeouts(at: max(now, due))
  }

  private mutating func handleTimeouts(at instant: Instant) {
    now = instant
    gateway.handleTimeout(at: now, using: &random)
    client.handleTimeout(at: now, using: &random)
    drain()
    if let due = earliest(gateway.nextTimeout, client.nextTimeout) {
      require(due > now, "a timer that was handled is still due")
    }
  }

  /// Takes all outputs of both ends and holds them against what the product promises.
  private mutating func drain() {
    var outputs = 0
    var isQuiet = false
    while !isQuiet {
      isQuiet = true
      while let frame = gateway.nextTransmit() { send(frame, toGateway: false, &outputs) }
      while let frame = client.nextTransmit() { send(frame, toGateway: true, &outputs) }
      while let event = gateway.nextEvent() {
        outputs += 1
        isQuiet = false
        gatewayLife.note(event)
        noteQuestion(event)
      }
      while let event = client.nextEvent() {
        outputs += 1
        clientLife.note(event)
      }
      require(outputs <= outputsMax, "one input made \(outputs) outputs")
    }
  }

  private mutating func send(_ frame: [UInt8], toGateway: Bool, _ outputs: inout Int) {
    outputs += 1
    require(frame.count >= 6 && frame.count <= 1_502, "a frame of \(frame.count) bytes is sent")
    require(
      Int(frame[4]) << 8 | Int(frame[5]) == frame.count - 2, "a frame says a wrong length")
    wire.send(frame, toFirst: toGateway)
  }

  private mutating func noteQuestion(_ event: PPPEvent) {
    switch event {
    case .authenticate(let request):
      ticket = request.ticket
      guard !answersLate else { return }
      ticket = nil
      let verdict = request.verify(password: Self.password)
      if verdict != .refused { gatewayLife.noteAccepted() }
      gateway.completeAuthentication(request.ticket, verdict, at: now, using: &random)
    case .needsAddress:
      isAddressAsked = true
      if !answersLate { assignAddress() }
    case .lcpUp, .authenticated, .up, .networkDown, .down: break
    }
  }

  /// Two ends that hear nothing any more must close and come to rest.
  mutating func leaveAlone() {
    for _ in 0..<Self.timeoutsMax {
      guard earliest(gateway.nextTimeout, client.nextTimeout) != nil else { break }
      handleNextTimeout()
    }
    require(gateway.nextTimeout == nil && client.nextTimeout == nil, "a link never comes to rest")
    require(gatewayLife.isOver && clientLife.isOver, "a link ended without telling anybody")
  }
}

/// What one end has told so far.
private struct LinkLife {
  let role: PPPRole
  private var isUp = false
  private var isAccepted = false
  private(set) var isOver = false

  init(role: PPPRole) { self.role = role }

  /// The user store let somebody in.
  mutating func noteAccepted() { isAccepted = true }

  mutating func note(_ event: PPPEvent) {
    require(!isOver, "an event after the link's end: \(event)")
    switch event {
    case .lcpUp(let result):
      require((576...65_535).contains(result.peerMRUBytes), "an MRU of \(result.peerMRUBytes)")
    case .authenticate: break
    case .authenticated, .needsAddress:
      require(role == .peer || isAccepted, "let in without the user store's word")
    case .up(let facts):
      require(role == .peer || isAccepted, "up without the user store's word")
      require(!isUp, "up twice")
      require(facts.mtuBytes >= 576, "an MTU of \(facts.mtuBytes) bytes")
      if role == .authenticator {
        require(facts.peerAddress == IPv4Address(10, 0, 0, 77), "a foreign address")
      }
      isUp = true
    case .networkDown:
      require(isUp, "down before it was up")
      isUp = false
    case .down:
      require(!isUp, "the link ended with the network up")
      isOver = true
    }
  }
}
