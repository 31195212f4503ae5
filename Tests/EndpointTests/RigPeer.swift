import Dataplane
import L2TP
import PPP
import Primitives

/// One control connection of the rig's peer with one PPP link, as a client has them.
final class RigPeer {
  var tunnel: Tunnel
  var link: PPPLink
  var carrier = CarrierID(0)
  /// The session at the endpoint that the link talks to.
  private(set) var session: SessionID?
  /// Whether to call as soon as the control connection is up.
  let dialsSession: Bool
  /// `false`: it neither sends nor hears LCP's Terminate-Request.
  var terminates = true
  private(set) var events: [TunnelEvent] = []
  private(set) var linkEvents: [PPPEvent] = []
  private var calls: Set<UInt16> = []
  private var callNext: UInt16 = 1

  init(
    localID: UInt16 = 7, hostName: String = "client", password: Secret = Rig.password,
    dialsSession: Bool = true, tieBreaks: Bool = false, at now: Instant = .zero, seed: UInt64 = 9,
    _ configure: (inout PPPConfiguration) -> Void = { _ in }
  ) {
    var random = SeededRandom(seed: seed)
    var configuration = TunnelConfiguration(hostName: hostName)
    configuration.usesTieBreaker = tieBreaks
    tunnel = Tunnel(opening: configuration, localID: localID, at: now, using: &random)
    var ppp = PPPConfiguration(role: .peer)
    ppp.userName = "user"
    ppp.password = password
    ppp.authentication = [.msCHAPv2, .pap]
    configure(&ppp)
    link = PPPLink(ppp)
    self.dialsSession = dialsSession
  }

  var nextTimeout: Instant? { earliest(tunnel.nextTimeout, link.nextTimeout) }

  /// Places a call: one more session.
  func call(at now: Instant, using random: inout SeededRandom) throws {
    calls.insert(callNext)
    try tunnel.openSession(localID: callNext, at: now, using: &random)
    callNext += 1
  }

  func owns(_ binding: SessionConfiguration) -> Bool {
    binding.carrier == carrier && binding.peerTunnelID == tunnel.localID
      && calls.contains(binding.peerSessionID)
  }

  /// The endpoint has the session: PPP begins. The first one only; the peer has one link.
  func attach(_ id: SessionID, at now: Instant, using random: inout SeededRandom) {
    guard session == nil else { return }
    session = id
    link.start(at: now, using: &random)
  }

  func isAddressed(by message: [UInt8], on carrier: CarrierID) -> Bool {
    (try? ControlHeader(parsing: message))?.tunnelID == tunnel.localID && carrier == self.carrier
  }

  func receive(_ message: [UInt8], at now: Instant, using random: inout SeededRandom) {
    tunnel.receive(message, at: now, using: &random)
    while let event = tunnel.nextEvent() { events.append(event) }
  }

  func receiveFrame(_ frame: [UInt8], at now: Instant, using random: inout SeededRandom) {
    guard terminates || !Self.isTerminateRequest(frame) else { return }
    link.receive(frame, at: now, using: &random)
    while let event = link.nextEvent() { linkEvents.append(event) }
  }

  func handleTimeout(at now: Instant, using random: inout SeededRandom) {
    tunnel.handleTimeout(at: now)
    link.handleTimeout(at: now, using: &random)
  }

  func nextMessage(at now: Instant, using random: inout SeededRandom) -> [UInt8]? {
    while let event = tunnel.nextEvent() { events.append(event) }
    return tunnel.nextTransmit()
  }

  func nextFrame() -> ([UInt8], SessionID)? {
    while let event = link.nextEvent() { linkEvents.append(event) }
    while let session, let frame = link.nextTransmit() {
      if terminates || !Self.isTerminateRequest(frame) { return (frame, session) }
    }
    return nil
  }

  private static func isTerminateRequest(_ frame: [UInt8]) -> Bool {
    frame.starts(with: [0xC0, 0x21, 5])
  }

  /// The result codes of the CDNs that the endpoint answered calls with.
  var refusedCalls: [UInt16] {
    events.compactMap {
      guard case .sessionClosed(_, _, let detail) = $0, detail.origin == .peer else { return nil }
      return detail.resultCode?.number
    }
  }

  /// How the tunnel ended; `nil` while it lives.
  var stopResult: UInt16? {
    for case .closed(_, let detail) in events { return detail.resultCode?.number ?? 0 }
    return nil
  }

  /// What IPCP settled; `nil` before.
  var network: NetworkFacts? {
    for case .up(let facts) in linkEvents { return facts }
    return nil
  }
}
