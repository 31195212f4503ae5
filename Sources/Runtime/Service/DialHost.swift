import Agent
import Control
import Dataplane
import Endpoint
import LinuxIO
import PPP
import Primitives
import Settings

/// A dialling agent with its interface, as the loop runs it.
struct DialHost: ~Copyable, LoopOwner {
  /// How long the rest may take to close once the tunnel is over.
  private static let lingerMax = Duration.seconds(3)

  var agent: VPNAgent
  private var interface: TunnelInterface?
  let settings: DialConfiguration
  private let startedAt: Instant
  private let onUp: @Sendable (DialUp) -> Void
  /// Called once, when the tunnel is over; what is left of it is still being closed.
  var onOver: (@Sendable (RecordedEnd.Cause) -> Void)?
  private var wasUp = false
  /// The session that the interface is set up for.
  private var carried: SessionID?
  /// Why the tunnel ended, where it may outlive its session.
  private var tunnelEnd: CloseReason?
  /// When the rest has to be over, once the tunnel is.
  private var lingerUntil: Instant?
  private var isOverdue = false
  private var failure: ControlError?

  /// - Parameter onUp: called once, when packets may pass.
  init(
    agent: consuming VPNAgent, interface: consuming TunnelInterface?, settings: DialConfiguration,
    startedAt: Instant, onUp: @escaping @Sendable (DialUp) -> Void
  ) {
    self.agent = agent
    self.interface = interface
    self.settings = settings
    self.startedAt = startedAt
    self.onUp = onUp
  }

  mutating func revert() -> [SystemError] { interface?.revert() ?? [] }

  var host: Host {
    _read { yield agent.host }
    _modify { yield &agent.host }
  }

  mutating func answer(at now: Instant, using random: inout some RandomNumberGenerator) {
    agent.answer(at: now, using: &random)
  }

  mutating func nextOutput() -> OwnerOutput? { agent.nextOutput() }

  mutating func observe(_ event: EndpointEvent, at now: Instant) {
    switch event {
    case .sessionUp(let id, let facts): sessionUp(id, facts, at: now)
    case .sessionClosed(let id, _, _):
      guard id == carried else { return }
      carried = nil
      _ = interface?.revert()
    case .tunnelClosed(_, let reason, _): tunnelEnd = tunnelEnd ?? reason
    case .connectionUp, .connectionDown, .attemptFailed, .childUp, .childDown, .tunnelUp,
      .tunnelRefused, .sessionRefused, .peerFailed, .isakmpKeys, .note, .dataplaneRefused:
      break
    }
  }

  /// The interface serves one session at a time; further ones in a kept tunnel have none.
  private mutating func sessionUp(_ id: SessionID, _ facts: NetworkFacts, at now: Instant) {
    guard carried == nil else { return }
    carried = id
    let mtuBytes = min(settings.tun.mtuBytes, facts.mtuBytes)
    do throws(ControlError) {
      try configure(facts, mtuBytes: mtuBytes)
    } catch {
      failure = error
      return
    }
    guard !wasUp else { return }
    wasUp = true
    onUp(
      DialUp(
        address: "\(facts.localAddress)", peerAddress: "\(facts.peerAddress)",
        interface: interface?.name, mtuBytes: mtuBytes, dns: facts.dns.map { "\($0)" },
        elapsedSeconds: (now - startedAt).inSeconds))
  }

  /// The path to the gateway is pinned before any route could lead it into the tunnel.
  private mutating func configure(_ facts: NetworkFacts, mtuBytes: Int) throws(ControlError) {
    guard interface != nil else { return }
    let routes = settings.routes.filter(\.address.isIPv4)
    if routes.contains(where: { $0.contains(settings.gateway) }) {
      try interface?.pin(settings.gateway)
    }
    try interface?.setMTU(mtuBytes)
    let peer = facts.peerAddress
    // A gateway may have no address inside, or the one outside: neither can be routed to.
    let isRoutable = peer != .any && .v4(peer) != settings.gateway
    try interface?.add(facts.localAddress, peer: isRoutable ? peer : nil)
    for route in routes { try interface?.add(routeTo: route, source: facts.localAddress) }
  }

  mutating func endTurn(at now: Instant, using random: inout some RandomNumberGenerator) {
    guard endReason != nil else { return }
    if case .over(let cause) = agent.phase, let onOver {
      onOver(cause)
      self.onOver = nil
    }
    let until = lingerUntil ?? now + Self.lingerMax
    lingerUntil = until
    isOverdue = until <= now
  }

  var nextTurn: Instant? { agent.isDone ? nil : lingerUntil }

  var ending: LoopEnding? {
    if let failure { return .failure(failure) }
    return endReason.flatMap { agent.isDone || isOverdue ? .success($0) : nil }
  }

  /// Why it is over; `nil` while it is not. A tunnel that is to be kept, and once was up, is not over
  /// with its session.
  private var endReason: CloseReason? {
    if settings.keepsTunnel, wasUp, !agent.isDone { return tunnelEnd }
    guard case .over(let cause) = agent.phase else { return nil }
    return tunnelEnd ?? cause.reason
  }

  mutating func shutDown(
    _ reason: CloseReason, at now: Instant, using random: inout some RandomNumberGenerator
  ) {
    agent.close(reason, at: now, using: &random)
  }

  var isQuiet: Bool { agent.isDone }
}

extension Duration {
  /// For what people read.
  var inSeconds: Double { Double(wholeNanoseconds) / 1e9 }
}
