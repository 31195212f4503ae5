import Cryptography
import Primitives

@testable import IKE

extension FuzzTarget {
  /// Two ISAKMP engines, and between them whatever the script does; it also knows the keys, so that
  /// what lies under the encryption is reached.
  static let isakmpEngine = FuzzTarget(
    name: "isakmp-engine", inputBytesMax: 1_024, isScript: true,
    seeds: {
      let connect = [UInt8](repeating: 0, count: 12)
      let start: [UInt8] = [12, 0] + connect
      var seeds: [[UInt8]] = []
      for mode: UInt8 in 0..<64 {
        let isFresh = mode & 0x30 == 0
        for command: UInt8 in 0..<8
        where isFresh ? command & 3 == 0 : mode & 8 == 0 || command == 3 {
          let end = [12, command] + connect.prefix(isFresh ? 12 : 4)
          seeds.append([mode] + (isFresh ? start : []) + end)
        }
      }
      for payload: UInt8 in [1, 5, 8, 10, 11, 12, 13] {
        for exchange: UInt8 in 0..<4 {
          seeds.append(
            [0x10] + [14, exchange, payload, 0, 16, 0, 0, 0, 16, 0, 0, 0, 1, 3, 4, 0, 1]
              + [0, 0, 0, 0, 0, 0])
        }
      }
      for position: UInt8 in stride(from: 0, to: 200, by: 8) {
        seeds.append([0, 12, 0] + connect.prefix(4) + [13, 0, position, 0xff] + connect)
        seeds.append([0, 12, 0] + connect.prefix(6) + [13, 0, position, 0x01] + connect)
      }
      // Both ends open at once, then one deletes the current of the two ISAKMP SAs: a finding.
      seeds.append(
        [0, 12, 1, 12, 0] + connect + [12, 5] + connect + [0x44, 0, 0, 0]
          + Array("block".utf8) + [0, 13, 0, 0, 0x68, 0, 0xff, 0, 0, 0, 0, 12])
      return seeds
    },
    run: { input in
      var script = Script(input)
      guard var pair = EnginePair(mode: script.byte()) else { return }
      while !script.isAtEnd { pair.step(&script) }
      pair.leaveAlone()
    })
}

/// Two hosts under fuzz; messages on the wire have a byte in front that says on which port.
struct EnginePair: ~Copyable {
  private static let addresses = [IPv4Address(192, 0, 2, 1), IPv4Address(192, 0, 2, 2)]
  private static let connectionsMax = 4
  /// Timeouts until two machines that hear nothing must have come to rest.
  private static let timeoutsMax = 5_000

  private var random = SeededRandom(seed: 1)
  private var now = Instant.zero
  private var first: ISAKMPEngine
  private var second: ISAKMPEngine
  private var firstLife = EngineLife()
  private var secondLife = EngineLife()
  private var initiated = 0
  private var jobs: [(ofFirst: Bool, job: KeyExchangeJob)] = []
  private let runsJobsLate: Bool
  private var wire = Wire { message in
    guard message.count >= 29 else { return }
    let length = message.count - 1
    message[25] = 0
    message[26] = 0
    message[27] = UInt8(truncatingIfNeeded: length >> 8)
    message[28] = UInt8(truncatingIfNeeded: length)
  }

  /// - Parameter mode: what is negotiated, and (bits 4 and 5) how much of it is done already.
  init?(mode: UInt8) {
    runsJobsLate = mode & 8 != 0
    guard let prepared = Self.prepared(mode & 0x37) else { return nil }
    first = prepared.first.copy()
    second = prepared.second.copy()
    firstLife = prepared.firstLife
    secondLife = prepared.secondLife
    initiated = prepared.initiated
    random = prepared.random
    wire = prepared.wire
  }

  /// Two engines as scripts find them; a class so that they can lie in a table.
  private final class Prepared {
    let first: ISAKMPEngine
    let second: ISAKMPEngine
    let firstLife: EngineLife
    let secondLife: EngineLife
    let initiated: Int
    let random: SeededRandom
    let wire: Wire

    init(_ pair: consuming EnginePair) {
      firstLife = pair.firstLife
      secondLife = pair.secondLife
      initiated = pair.initiated
      random = pair.random
      wire = pair.wire
      first = pair.first.copy()
      second = pair.second.copy()
    }
  }

  private nonisolated(unsafe) static var preparedPairs: [UInt8: Prepared] = [:]

  /// The pair of a mode: nothing done yet, one connection up that the first end began, one that the
  /// second began, or both.
  private static func prepared(_ mode: UInt8) -> Prepared? {
    if let pair = preparedPairs[mode] { return pair }
    guard var pair = EnginePair(freshIn: mode) else { return nil }
    for isByFirst in [true, false] where mode & (isByFirst ? 0x10 : 0x20) != 0 {
      pair.initiate(ofFirst: isByFirst)
      pair.drain()
      while let message = pair.wire.next() {
        pair.deliver(message)
        pair.drain()
      }
    }
    let made = Prepared(pair)
    preparedPairs[mode] = made
    return made
  }

  private init?(freshIn mode: UInt8) {
    var phase1 = ISAKMPPolicy(
      name: "phase1", peer: .any, transforms: [ISAKMPTransform(.aesCBC128, .sha256, .x25519)])
    phase1.natTraversal = mode & 1 != 0 ? .forced : .on
    // Rare, so that hours of silence are few steps.
    phase1.keepaliveInterval = .seconds(600)
    phase1.backoff = MessageBackoff(retryLimit: 2)
    phase1.deadPeerDetection = DeadPeerDetection(interval: .seconds(60), timeout: .seconds(90))
    phase1.rekeyLead = mode & 2 != 0 ? .both : .initiator
    var phase2 = IPsecPolicy(
      name: "phase2", peer: .any, isakmpPolicy: "phase1",
      transforms: [.aesGCM128])
    phase2.perfectForwardSecrecy = mode & 4 != 0 ? .x25519 : nil
    var limits = ISAKMPLimits()
    limits.halfOpenMax = 4
    limits.halfOpenPerAddressMax = 2
    limits.isakmpSAsMax = 8
    limits.phase2SAsPerConnectionMax = 4
    limits.jobsMax = 4
    runsJobsLate = false
    guard
      let configuration = try? ISAKMPConfiguration(
        isakmpPolicies: [phase1], ipsecPolicies: [phase2],
        preSharedKeys: [PreSharedKey(peer: .any, secret: Secret(text: "fuzz"))], limits: limits)
    else { return nil }
    first = ISAKMPEngine(configuration: configuration)
    second = ISAKMPEngine(configuration: configuration)
  }

  /// Every message of a connection that lives and is closed, with and without NAT and forward
  /// secrecy.
  static func exchange() -> [[UInt8]] {
    var messages: [[UInt8]] = []
    for mode: UInt8 in [0, 1, 4] {
      guard var pair = EnginePair(mode: mode) else { return [] }
      for command: UInt8 in [0, 3, 2] {
        var script = Script([12, command])
        pair.step(&script)
        while let message = pair.wire.next() {
          messages.append(Array(message.bytes.dropFirst()))
          pair.deliver(message)
          pair.drain()
        }
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
    case 8: wire.insert(script.chunk(), at: script.word())
    case 9: if let message = wire.replay(script.byte()) { deliver(message) }
    case 10: handleTimeouts(at: now + script.span())
    case 11: handleNextTimeout()
    case 12: command(script.byte())
    case 13: tamper(&script)
    case 14: forge(&script)
    default: if runsJobsLate { runJob() } else { inject(&script) }
    }
    drain()
  }

  private mutating func command(_ choice: UInt8) {
    let ofFirst = choice & 8 == 0
    let connection = (ofFirst ? first.connectionViews : second.connectionViews).first
    let spi = connection?.phase2SAs.last
    switch choice & 7 {
    case 0, 1: initiate(ofFirst: choice & 1 == 0)
    case 2:
      guard let id = connection?.id else { return }
      ofFirst
        ? first.close(id, reason: .requested, at: now, using: &random)
        : second.close(id, reason: .requested, at: now, using: &random)
    case 3:
      guard let spi else { return }
      ofFirst
        ? first.requestRekey(spi, at: now, using: &random)
        : second.requestRekey(spi, at: now, using: &random)
    case 4:
      guard let spi else { return }
      _ =
        ofFirst
        ? first.closeSA(spi: spi, reason: .requested, at: now, using: &random)
        : second.closeSA(spi: spi, reason: .requested, at: now, using: &random)
    case 5:
      guard let cookies = connection?.isakmpSAs.last else { return }
      _ =
        ofFirst
        ? first.closeSA(cookies: cookies, reason: .requested, at: now, using: &random)
        : second.closeSA(cookies: cookies, reason: .requested, at: now, using: &random)
    case 6:
      guard let id = connection?.id else { return }
      ofFirst
        ? first.noteAuthenticatedTraffic(id, at: now)
        : second.noteAuthenticatedTraffic(id, at: now)
    default:
      guard let id = connection?.id else { return }
      let moved = SocketAddress(.v4(Self.addresses[ofFirst ? 1 : 0]), port: 40_000)
      ofFirst ? first.notePeerPath(id, moved, at: now) : second.notePeerPath(id, moved, at: now)
    }
  }

  private mutating func initiate(ofFirst: Bool) {
    guard initiated < Self.connectionsMax else { return }
    initiated += 1
    let path = path(toFirst: ofFirst, floated: false)
    let request = ConnectionRequest(policy: "phase2", local: path.local, remote: path.remote)
    if ofFirst {
      firstLife.noteInitiated(first.initiate(request, at: now, using: &random))
    } else {
      secondLife.noteInitiated(second.initiate(request, at: now, using: &random))
    }
  }

  /// Changes a byte under the encryption of the oldest message and seals it again.
  private mutating func tamper(_ script: inout Script) {
    let position = Int(script.byte())
    let insertion = position & 1 != 0 ? script.chunk() : []
    let mask = script.byte()
    guard let message = wire.queue.first, let flag = message.bytes.first,
      let header = try? ISAKMPHeader(parsing: Array(message.bytes.dropFirst())), header.isEncrypted,
      let sa = sa(of: header.cookies, inFirst: message.toFirst), let keys = sa.keys
    else { return }
    let iv =
      header.messageID == 0
      ? sa.iv : keys.phase2IV(lastBlock: sa.iv, messageID: header.messageID)
    let body = Array(message.bytes.dropFirst(1 + ISAKMPHeader.lengthBytes))
    guard var plaintext = try? keys.decrypt(body, iv: iv).plaintext else { return }
    plaintext[position % plaintext.count] ^= mask
    plaintext.insert(contentsOf: insertion, at: position % plaintext.count)
    ISAKMPForgery.sign(&plaintext, header, keys)
    _ = wire.next()
    wire.sendFirst(
      [flag] + header.message(with: keys.encrypt(plaintext, iv: iv).ciphertext),
      toFirst: message.toFirst)
  }

  /// A phase 2 message of the script's own making, as a peer that has the keys could send.
  private mutating func forge(_ script: inout Script) {
    let choice = script.byte()
    let type = script.byte()
    let rest = script.chunk()
    let toFirst = choice & 2 != 0
    let target = toFirst ? first.isakmpSAs : second.isakmpSAs
    guard let id = target.keys.min(), let sa = target[id],
      let message = ISAKMPForgery.message(
        in: sa, isQuickMode: choice & 1 != 0, type: type, rest, using: &random)
    else { return }
    wire.sendFirst([sa.path.floated ? 1 : 0] + message, toFirst: toFirst)
  }

  private func sa(of cookies: Cookies, inFirst: Bool) -> ISAKMPSA? {
    inFirst
      ? first.saByCookies[cookies].flatMap { first.isakmpSAs[$0] }
      : second.saByCookies[cookies].flatMap { second.isakmpSAs[$0] }
  }

  private mutating func inject(_ script: inout Script) {
    let choice = script.byte()
    wire.sendFirst([choice & 1] + script.chunk(), toFirst: choice & 2 != 0)
  }

  private func path(toFirst: Bool, floated: Bool) -> Path {
    let port = floated ? Path.floatedPort : Path.ikePort
    return Path(
      local: SocketAddress(.v4(Self.addresses[toFirst ? 0 : 1]), port: port),
      remote: SocketAddress(.v4(Self.addresses[toFirst ? 1 : 0]), port: port), floated: floated)
  }

  private mutating func deliver(_ message: Wire.Message) {
    guard let flag = message.bytes.first else { return }
    let path = path(toFirst: message.toFirst, floated: flag & 1 != 0)
    let bytes = Array(message.bytes.dropFirst())
    if message.toFirst {
      first.receive(bytes, on: path, at: now, using: &random)
    } else {
      second.receive(bytes, on: path, at: now, using: &random)
    }
  }

  private mutating func handleNextTimeout() {
    guard let due = earliest(first.nextTimeout, second.nextTimeout) else { return }
    handleTimeouts(at: max(now, due))
  }

  private mutating func handleTimeouts(at instant: Instant) {
    now = instant
    first.handleTimeout(at: now, using: &random)
    second.handleTimeout(at: now, using: &random)
    drain()
    if let due = earliest(first.nextTimeout, second.nextTimeout) {
      require(due > now, "a timer that was handled is still due")
    }
  }

  private mutating func runJob() {
    guard !jobs.isEmpty else { return }
    let (ofFirst, job) = jobs.removeFirst()
    if ofFirst {
      first.complete(job.pretend(), at: now, using: &random)
    } else {
      second.complete(job.pretend(), at: now, using: &random)
    }
  }

  /// Takes all outputs of both engines and holds them against what the product promises.
  private mutating func drain() {
    var outputs = 0
    var isQuiet = false
    while !isQuiet {
      isQuiet = true
      while let event = first.nextEvent() {
        outputs += 1
        firstLife.note(event)
      }
      while let event = second.nextEvent() {
        outputs += 1
        secondLife.note(event)
      }
      while let transmit = first.nextTransmit() { send(transmit, toFirst: false, &outputs) }
      while let transmit = second.nextTransmit() { send(transmit, toFirst: true, &outputs) }
      while let job = first.nextJob() { jobs.append((true, job)) }
      while let job = second.nextJob() { jobs.append((false, job)) }
      require(jobs.count <= 8, "\(jobs.count) jobs wait")
      while !runsJobsLate, !jobs.isEmpty {
        runJob()
        isQuiet = false
      }
      require(outputs <= outputsMax, "one input made \(outputs) outputs")
    }
    require(first.halfOpenCount <= 4 && second.halfOpenCount <= 4, "too many half-open exchanges")
  }

  private mutating func send(_ transmit: Transmit, toFirst: Bool, _ outputs: inout Int) {
    outputs += 1
    require(
      transmit.isKeepalive || (try? ISAKMPHeader(parsing: transmit.bytes)) != nil,
      "our own message is malformed")
    wire.send([transmit.path.floated ? 1 : 0] + transmit.bytes, toFirst: toFirst)
  }

  /// Two ends that hear nothing any more must come to rest and keep nothing.
  mutating func leaveAlone() {
    while !jobs.isEmpty {
      runJob()
      drain()
    }
    for _ in 0..<Self.timeoutsMax {
      guard earliest(first.nextTimeout, second.nextTimeout) != nil else { break }
      handleNextTimeout()
      while !jobs.isEmpty {
        runJob()
        drain()
      }
    }
    require(first.nextTimeout == nil && second.nextTimeout == nil, "an engine never comes to rest")
    Self.requireEmpty(first)
    Self.requireEmpty(second)
    require(firstLife.isOver && secondLife.isOver, "a connection ended without telling anybody")
  }

  private static func requireEmpty(_ engine: borrowing ISAKMPEngine) {
    let left = [
      engine.isakmpSAs.count, engine.saByCookies.count, engine.saByOurCookie.count,
      engine.saByFirstMessage.count, engine.connections.count, engine.quickModes.count,
      engine.phase2SAs.count, engine.jobOwners.count, engine.halfOpenCount,
    ]
    require(left.allSatisfy { $0 == 0 }, "an engine at rest keeps state: \(left)")
  }
}

/// What one engine has told so far.
private struct EngineLife {
  private var live: Set<ConnectionID> = []
  private var over: Set<ConnectionID> = []
  private var children: [UInt32: ConnectionID] = [:]

  var isOver: Bool { live.isEmpty && children.isEmpty }

  mutating func noteInitiated(_ id: ConnectionID) { live.insert(id) }

  mutating func note(_ event: IKEEvent) {
    switch event {
    case .connectionUp(let id, _):
      require(!over.contains(id), "\(id) rose from the dead")
      live.insert(id)
    case .pathChanged(let id, _): require(live.contains(id), "\(id) moved and does not live")
    case .childUp(let id, let child):
      require(live.contains(id), "\(id) got an SA and does not live")
      require(
        children.updateValue(id, forKey: child.inbound.spi) == nil, "an inbound SPI came up twice")
    case .childOutboundReady(let id, let spi):
      require(children[spi] == id, "an unknown SA is ready")
    case .childDown(let id, let spi, _, _):
      require(children.removeValue(forKey: spi) == id, "an unknown SA went down")
    case .connectionDown(let id, _, _):
      require(live.remove(id) != nil, "\(id) ended twice or never was")
      require(!children.values.contains(id), "\(id) ended before its SAs")
      over.insert(id)
    case .attemptFailed(let id, _, _, _): require(!over.contains(id), "\(id) failed after its end")
    case .peerFailed, .isakmpKeys, .note: break
    }
  }
}
