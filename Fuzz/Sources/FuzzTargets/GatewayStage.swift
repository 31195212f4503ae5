import Cryptography
import Dataplane
import Gateway
import IPPacket
import L2TP
import PPP
import Primitives

@testable import Endpoint
@testable import IKE

extension FuzzTarget {
  /// A whole gateway, from datagrams to packets of users: a peer that has the keys and says what it
  /// likes, strangers, time, and the owner's commands.
  static let endpoint = FuzzTarget(
    name: "endpoint", inputBytesMax: 1_024, isScript: true,
    seeds: { GatewayStage.seeds() },
    run: { input in
      var script = Script(input)
      guard var stage = GatewayStage(GatewayMode(script.byte())) else { return }
      while !script.isAtEnd { stage.step(&script) }
      stage.leaveAlone()
    })
}

/// A gateway under fuzz.
struct GatewayStage: ~Copyable {
  private static let stranger = IPv4Address(198, 51, 100, 66)
  /// Sequence numbers that the recorded peer may have used up.
  private static let sequencesUsed = 48
  /// Timeouts until a gateway that hears nothing must have come to rest.
  private static let timeoutsMax = 2_000
  private static let timeoutsAtOnceMax = 8
  private static let roundsMax = 64

  private let recording: GatewayRecording
  private var gateway: Gateway
  private var random: SeededRandom
  /// For what the peer makes up: the gateway's own numbers stay those of the recording.
  private var peerRandom = SeededRandom(seed: 3)
  private var now = Instant.zero
  private var life = GatewayLife()
  private var jobs: [KeyExchangeJob] = []
  private var batch = PacketBatch(countMax: 1)
  /// The next datagram of the recording.
  private var position = 0
  /// Under the newest SA; made when it is first used.
  private var sealer: PeerSealer?
  private var sealingSPI: UInt32?

  init?(_ mode: GatewayMode) {
    guard let recording = GatewayRecording.of(mode) else { return nil }
    var random = GatewayRecording.random
    guard let gateway = recording.makeGateway(using: &random) else { return nil }
    self.recording = recording
    self.gateway = gateway
    self.random = random
    position = mode.hasKeys ? recording.keysCount : 0
    drain()
  }

  /// The conversation up to every point of it, and then one of everything.
  static func seeds() -> [[UInt8]] {
    let forged: [[UInt8]] = [
      [8, 10, 0, 0], [8, 0x0e, 0, 0], [8, 4, 0, 8, 0x80, 8, 0, 0, 0, 1, 0, 1],
      [8, 6, 0, 0], [9, 0, 14, 0xff, 3, 0xc0, 0x21, 5, 1, 0, 4],
      [9, 0, 12, 0xff, 3, 0x80, 0x21, 1, 9, 0, 10, 3, 6, 0, 0, 0, 0],
      [9, 0, 30, 0, 0x21]
        + InnerPacket.udp(
          from: GatewayRecording.peerInner, to: GatewayRecording.inner),
      [10, 17, 0, 4, 1, 2, 3, 4], [11, 0, 12, 0, 12, 0, 0, 0, 12, 0, 0, 0, 1, 3, 4, 0, 0],
      [12, 0, 0, 0, 29] + [UInt8](repeating: 1, count: 16) + [
        1, 0x10, 2, 0, 0, 0, 0, 0, 0, 0, 0, 29,
      ],
      [13, 1, 0x20, 0], [13, 0], [14, 4], [14, 2], [14, 0], [15, 0],
    ]
    checkRecordings()
    return GatewayMode.all.flatMap { mode -> [[UInt8]] in
      guard let recording = GatewayRecording.of(mode) else { return [] }
      let start = mode.hasKeys ? recording.keysCount : 0
      let up = [mode.bits, 2, UInt8(recording.upCount - start)]
      let whole = [mode.bits, 2, UInt8(recording.datagrams.count - start)]
      let prefixes = (start..<recording.upCount).map { [mode.bits, 2, UInt8($0 - start), 13, 0] }
      // Two modes in detail, the others as far as they differ.
      return [whole, up] + ([1, 16].contains(mode.bits) ? prefixes : [])
        + ((16..<20).contains(mode.bits) ? forged.map { up + $0 } : [])
    }
  }

  /// Whether a gateway that begins with keys gets as far as one that negotiates them.
  static func checkRecordings() {
    for mode in GatewayMode.all where !mode.computesLate {
      guard var stage = GatewayStage(mode), let recording = GatewayRecording.of(mode) else {
        return require(false, "no gateway in mode \(mode.bits)")
      }
      while stage.position < recording.upCount {
        stage.deliver(stage.next(), from: GatewayRecording.peer.address)
      }
      require(
        stage.life.live.contains { if case .session = $0 { true } else { false } },
        "the recorded session does not come up in mode \(mode.bits)")
    }
  }

  /// Transition table of the script's language.
  mutating func step(_ script: inout Script) {
    switch script.byte() & 0xf {
    case 0, 1: deliver(next(), from: GatewayRecording.peer.address)
    case 2:
      for _ in 0..<script.byte() & 0x3f { deliver(next(), from: GatewayRecording.peer.address) }
    case 3: _ = next()
    case 4: deliver(old(script.byte()), from: GatewayRecording.peer.address)
    case 5:
      var datagram = next()
      let (place, mask) = (Int(script.word()), script.byte())
      if let count = datagram?.bytes.count, count > 0 { datagram?.bytes[place % count] ^= mask }
      deliver(datagram, from: GatewayRecording.peer.address)
    case 6:
      var datagram = next()
      let kept = Int(script.word())
      if let count = datagram?.bytes.count { datagram?.bytes.removeLast(max(0, count - kept)) }
      deliver(datagram, from: GatewayRecording.peer.address)
    case 7: deliver(next(), from: .v4(Self.stranger))
    case 8: sendControl(&script)
    case 9: sendFrame(script.chunk())
    case 10: sendESP(script.chunk(), nextHeader: script.byte())
    case 11: sendISAKMP(&script)
    case 12: hearStranger(&script)
    case 13: script.byte() & 1 == 0 ? handleNextTimeout() : handleTimeouts(at: now + script.span())
    case 14: command(script.byte())
    default: script.byte() & 1 == 0 ? runJob() : forward(script.chunk())
    }
  }

  private mutating func next() -> GatewayRecording.Datagram? {
    guard position < recording.datagrams.count else { return nil }
    position += 1
    return recording.datagrams[position - 1]
  }

  private func old(_ age: UInt8) -> GatewayRecording.Datagram? {
    recording.datagrams.isEmpty ? nil : recording.datagrams[Int(age) % recording.datagrams.count]
  }

  private mutating func deliver(_ datagram: GatewayRecording.Datagram?, from address: IPAddress) {
    guard let datagram else { return }
    receive(datagram.bytes, from: address, on: datagram.socket)
  }

  private mutating func receive(
    _ bytes: [UInt8], from address: IPAddress, on socket: OuterSocket
  ) {
    batch.removeAll()
    guard
      batch.append(
        bytes, remote: SocketAddress(address, port: socket.port),
        local: SocketAddress(GatewayRecording.ours.address, port: socket.port))
    else { return }
    gateway.host.receive(&batch, from: socket, at: now, using: &random)
    drain()
    if case .deliver = batch[0].verdict {
      let source = IPv4Header(parsing: batch.arena, batch[0].packet)?.source
      require(source.map(Self.isLeased) ?? false, "a packet with a forged source was delivered")
    }
    require(batch[0].verdict != .undecided, "a packet was left undecided")
  }

  private static func isLeased(_ address: IPv4Address) -> Bool {
    (GatewayRecording.peerInner...IPv4Address(10, 0, 0, 9)).contains(address)
  }
}

// What the peer with the keys makes up, and what strangers do.
extension GatewayStage {
  /// An L2TP message with sequence numbers that fit, so that its AVPs are looked at.
  private mutating func sendControl(_ script: inout Script) {
    let choice = script.byte()
    let rest = script.chunk()
    let tunnels = gateway.host.endpoint.tunnels
    let target = tunnels.keys.max().flatMap { tunnels[$0]?.tunnel.snapshot }
    let type = UInt16(choice & 0x1f)
    var writer = ByteWriter()
    writer.write(UInt16(0xc802))
    writer.write(UInt16(0))
    writer.write(type == 1 ? 0 : target?.localID ?? 0)
    writer.write(type > 9 && type != 10 ? target?.sessions.first?.localID ?? 0 : 0)
    writer.write(type == 1 ? 0 : target?.nr ?? 0)
    writer.write(type == 1 ? 0 : target?.ns ?? 0)
    for value: UInt16 in [0x8008, 0, 0, type] { writer.write(value) }
    writer.write(rest)
    writer.overwrite(UInt16(truncatingIfNeeded: writer.count), at: 2)
    sendSealed { $0.seal(udp: writer.bytes) }
  }

  /// A PPP frame in the first session.
  private mutating func sendFrame(_ frame: [UInt8]) {
    let sessions = gateway.host.endpoint.sessions
    guard let binding = sessions.keys.max().flatMap({ sessions[$0]?.binding }) else { return }
    var writer = ByteWriter()
    for value: UInt16 in [2, binding.localTunnelID, binding.localSessionID] { writer.write(value) }
    writer.write(frame)
    sendSealed { $0.seal(udp: writer.bytes) }
  }

  private mutating func sendESP(_ content: [UInt8], nextHeader: UInt8) {
    sendSealed { $0.seal(content, nextHeader: nextHeader) }
  }

  private mutating func sendSealed(_ seal: (inout PeerSealer) -> [UInt8]) {
    guard let child = life.newestChild else { return }
    if sealingSPI != child.inbound.spi {
      sealingSPI = child.inbound.spi
      sealer = PeerSealer(
        spi: child.inbound.spi, transform: child.transform, keys: child.inbound.keys,
        using: &peerRandom)
      for _ in 0..<Self.sequencesUsed { _ = sealer?.seal([], nextHeader: 59) }
    }
    guard var sealer = sealer.take() else { return }
    let packet = seal(&sealer)
    self.sealer = consume sealer
    receive(
      packet, from: GatewayRecording.peer.address,
      on: recording.mode.isBehindNAT ? .udp4500 : .rawESP)
  }

  private mutating func sendISAKMP(_ script: inout Script) {
    let choice = script.byte()
    let type = script.byte()
    let rest = script.chunk()
    let table = gateway.host.endpoint.isakmp.isakmpSAs
    guard let sa = table.keys.min().flatMap({ table[$0] }),
      let message = ISAKMPForgery.message(
        in: sa, isQuickMode: choice & 1 != 0, type: type, rest, using: &peerRandom)
    else { return }
    receive(
      sa.path.floated ? [0, 0, 0, 0] + message : message, from: GatewayRecording.peer.address,
      on: sa.path.floated ? .udp4500 : .udp500)
  }

  /// Nobody without the keys ends what others have.
  private mutating func hearStranger(_ script: inout Script) {
    let choice = script.byte()
    let socket = OuterSocket.allCases[Int(choice & 3)]
    let isSpoofed = choice & 4 != 0
    let before = life.live
    receive(
      script.chunk(), from: isSpoofed ? GatewayRecording.peer.address : .v4(Self.stranger),
      on: socket)
    require(before.isSubset(of: life.live), "a stranger ended what was up")
  }

  private mutating func forward(_ packet: [UInt8]) {
    batch.removeAll()
    guard batch.append(packet, remote: GatewayRecording.ours, local: GatewayRecording.ours) else {
      return
    }
    gateway.host.receiveFromTUN(&batch, at: now, using: &random)
    require(
      batch[0].verdict != .undecided && batch[0].verdict != .deliver, "a packet from TUN to TUN")
    drain()
  }
}

// The owner's side.
extension GatewayStage {
  private mutating func command(_ choice: UInt8) {
    switch choice & 7 {
    case 0:
      guard let number = gateway.host.endpoint.tunnels.keys.max() else { return }
      _ = gateway.host.endpoint.closeTunnel(number, .administrator, at: now, using: &random)
    case 1:
      guard let id = gateway.host.endpoint.sessions.keys.max() else { return }
      _ = gateway.host.endpoint.closeSession(id, .administrator, at: now, using: &random)
    case 2:
      guard let id = life.connections.min() else { return }
      _ = gateway.host.endpoint.closeConnection(id, .administrator, at: now, using: &random)
    case 3: gateway.host.endpoint.drain()
    case 4:
      guard let spi = life.newestChild?.inbound.spi else { return }
      gateway.host.endpoint.requestRekey(ofInboundSPI: spi, at: now, using: &random)
    case 5: gateway.reload(recording.configuration, at: now, using: &random)
    case 6: gateway.host.endpoint.shutDown(at: now, using: &random)
    default: handleNextTimeout()
    }
    gateway.host.settle(at: now, using: &random)
    drain()
  }

  private mutating func handleNextTimeout() {
    guard let due = gateway.host.nextTimeout else { return }
    handleTimeouts(at: max(now, due))
  }

  /// Hours late, the end of one thing may make the next one due at once; but not without end.
  private mutating func handleTimeouts(at instant: Instant) {
    now = instant
    for _ in 0..<Self.timeoutsAtOnceMax {
      gateway.host.handleTimeout(at: now, using: &random)
      drain()
      guard let due = gateway.host.nextTimeout, due <= now else { return }
    }
    require(false, "a timer that was handled is still due")
  }

  private mutating func runJob() {
    guard !jobs.isEmpty else { return }
    gateway.host.endpoint.complete(jobs.removeFirst().pretend(), at: now, using: &random)
    gateway.host.settle(at: now, using: &random)
    drain()
  }

  /// Takes all outputs and holds them against what the product promises.
  private mutating func drain() {
    var outputs = 0
    for _ in 0..<Self.roundsMax {
      gateway.answer(at: now, using: &random)
      while let output = gateway.nextOutput() {
        outputs += 1
        switch output {
        case .compute(let job): jobs.append(job)
        case .event(let event): life.note(event)
        }
      }
      outputs += gateway.host.control.count
      gateway.host.control.removeAll()
      require(outputs <= outputsMax, "one input made \(outputs) outputs")
      require(jobs.count <= 4, "\(jobs.count) jobs wait")
      guard !recording.mode.computesLate, !jobs.isEmpty else { return }
      gateway.host.endpoint.complete(jobs.removeFirst().pretend(), at: now, using: &random)
      gateway.host.settle(at: now, using: &random)
    }
    require(false, "one input makes jobs without end")
  }

  /// A gateway that hears nothing any more must come to rest and keep nothing.
  mutating func leaveAlone() {
    while !jobs.isEmpty { runJob() }
    for _ in 0..<Self.timeoutsMax {
      guard gateway.host.nextTimeout != nil else { break }
      handleNextTimeout()
      while !jobs.isEmpty { runJob() }
    }
    require(gateway.host.nextTimeout == nil, "a gateway never comes to rest")
    let residue = gateway.host.endpoint.residue
    require(residue == EndpointResidue(), "a gateway at rest keeps \(residue)")
    require(gateway.leaseCount == 0, "a gateway at rest keeps \(gateway.leaseCount) addresses")
    require(life.live.isEmpty, "ended without telling anybody: \(life.live)")
    require(gateway.host.controlLost == 0, "the gateway said too much at once")
  }
}

/// What a gateway has told so far: everything that came up ends once.
private struct GatewayLife {
  enum Thing: Hashable {
    case connection(ConnectionID)
    case child(UInt32)
    case tunnel(TunnelNumber)
    case session(SessionID)
  }

  private(set) var live: Set<Thing> = []
  private var over: Set<Thing> = []
  private(set) var newestChild: ChildSA?

  var connections: [ConnectionID] {
    live.compactMap { if case .connection(let id) = $0 { id } else { nil } }
  }

  mutating func note(_ event: EndpointEvent) {
    switch event {
    case .connectionUp(let id, _): begin(.connection(id))
    case .connectionDown(let id, _, _): end(.connection(id))
    case .childUp(_, let child):
      begin(.child(child.inbound.spi))
      newestChild = child
    case .childDown(_, let spi, _):
      end(.child(spi))
      if newestChild?.inbound.spi == spi { newestChild = nil }
    case .tunnelUp(let number): begin(.tunnel(number))
    case .tunnelClosed(let number, _, _): endOnce(.tunnel(number))
    case .sessionUp(let id, _): begin(.session(id))
    case .sessionClosed(let id, _, _): endOnce(.session(id))
    case .attemptFailed, .tunnelRefused, .sessionRefused, .peerFailed, .isakmpKeys, .note,
      .dataplaneRefused:
      break
    }
  }

  private mutating func begin(_ thing: Thing) {
    require(!over.contains(thing), "\(thing) rose from the dead")
    live.insert(thing)
  }

  private mutating func end(_ thing: Thing) {
    require(live.remove(thing) != nil, "\(thing) ended twice or never was")
    // Of SPIs, the one of a dead SA may come again.
    if case .child = thing { return }
    over.insert(thing)
  }

  /// The end of something that may never have been up.
  private mutating func endOnce(_ thing: Thing) {
    live.remove(thing)
    require(over.insert(thing).inserted, "\(thing) ended twice")
  }
}
