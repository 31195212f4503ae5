import ConnectionService
import Dataplane
import Primitives

// What becomes of tunnels: the network between devices and the gateway, as their VPN agents see it.
extension ServiceWorld {
  func dial(
    _ parameters: VPNParameters, _ inactivity: InactivityTimeout, _ id: TunnelID,
    of agent: AgentNode
  ) -> VPNTunnel {
    tunnelNumbers += 1
    var secret: String?
    if case .given(let given) = parameters.credentials { secret = given.preSharedKey }
    let tunnel = VPNTunnel(
      number: tunnelNumbers, id: id, inactivity: inactivity, secret: secret)
    count("tunnel dialled")
    note("agent \(agent.index) dials tunnel \(tunnel.number)")
    let fate = isHealthy ? 0 : Int.random(in: 0..<20, using: &random)
    let isSlow = !isHealthy && Bool.random(using: &random)
    let milliseconds = Int64.random(in: 200...(isSlow ? 8_000 : 2_000), using: &random)
    switch fate {
    case 0...13: stand(tunnel, of: agent, after: .milliseconds(milliseconds))
    case 14...16: fail(tunnel, of: agent, after: .milliseconds(milliseconds * 3))
    case 17: break
    case 18: fail(tunnel, of: agent, after: .zero)
    default: stand(tunnel, of: agent, after: .seconds(55))
    }
    return tunnel
  }

  private func stand(_ tunnel: VPNTunnel, of agent: AgentNode, after pause: Duration) {
    agent.later(pause, in: self) { (world, _) throws(BrokenPromise) in
      guard case .dialling = tunnel.stage else { return }
      guard let (session, address) = world.gateway.open(user: agent.product.text, in: world) else {
        world.fail(tunnel, of: agent, after: .seconds(20))
        return
      }
      tunnel.stage = .up(address: address, session: session, lastActivity: world.now)
      world.count("tunnel up")
      world.watchInactivity(of: tunnel, of: agent)
      try world.ring(agent)
    }
  }

  private func fail(_ tunnel: VPNTunnel, of agent: AgentNode, after pause: Duration) {
    let reason: CloseReason =
      [.negotiationFailed, .authenticationFailed, .retriesExhausted]
      .randomElement(using: &random) ?? .negotiationFailed
    // A clumsy peer tells what it should keep for itself.
    let words = tunnel.secret.map { "the peer does not like \($0)" } ?? "the peer says no"
    agent.later(pause, in: self) { (world, _) throws(BrokenPromise) in
      guard case .dialling = tunnel.stage else { return }
      tunnel.stage = .over(reason, words)
      world.count("tunnel failed")
      try world.ring(agent)
    }
  }

  /// Users talk over the tunnel.
  func talk(over tunnel: VPNTunnel) {
    guard case .up(let address, let session, _) = tunnel.stage else { return }
    tunnel.stage = .up(address: address, session: session, lastActivity: now)
  }

  private func watchInactivity(of tunnel: VPNTunnel, of agent: AgentNode) {
    guard case .up(_, _, let lastActivity) = tunnel.stage else { return }
    let end = lastActivity + tunnel.inactivity.duration
    guard end <= now else {
      agent.later(end - now, in: self) { world, _ in
        world.watchInactivity(of: tunnel, of: agent)
      }
      return
    }
    lose(tunnel, .inactivity, of: agent)
  }

  /// A tunnel that is up ends by itself; the gateway hears of it unless the end is abrupt.
  func lose(
    _ tunnel: VPNTunnel, _ reason: CloseReason, of agent: AgentNode, isAbrupt: Bool = false
  ) {
    guard tunnel.isUp else { return }
    count("tunnel lost: \(reason.rawValue)")
    note("tunnel \(tunnel.number) ends: \(reason.rawValue)")
    release(tunnel.session, isAbrupt: isAbrupt)
    tunnel.stage = .over(reason, "")
    // The supervision is rung for; now and then it finds it by itself.
    guard Int.random(in: 0..<4, using: &random) > 0 else { return }
    agent.later(.milliseconds(1), in: self) { (world, _) throws(BrokenPromise) in
      try world.ring(agent)
    }
  }

  /// The VPN agent is gone without a word, with its tunnel.
  func vanish(_ tunnel: VPNTunnel, of agent: AgentNode, isAbrupt: Bool) {
    guard tunnel.isLive else { return }
    count("VPN agent vanished")
    release(tunnel.session, isAbrupt: isAbrupt)
    tunnel.stage = .vanished
  }

  /// The connection agent wants the end of the tunnel; it takes a moment, now and then a long one.
  func close(_ tunnel: VPNTunnel, _ reason: CloseReason, of agent: AgentNode) {
    switch tunnel.stage {
    case .over, .vanished, .closing: return
    case .dialling, .up: tunnel.stage = .closing(session: tunnel.session)
    }
    note("tunnel \(tunnel.number) is closed: \(reason.rawValue)")
    let isSlow = !isHealthy && Int.random(in: 0..<5, using: &random) == 0
    let pause = Int64.random(in: 0...(isSlow ? 25_000 : 500), using: &random)
    agent.later(.milliseconds(pause), in: self) { (world, _) throws(BrokenPromise) in
      guard case .closing(let session) = tunnel.stage else { return }
      world.release(session, isAbrupt: false)
      tunnel.stage = .over(reason, "")
      try world.ring(agent)
    }
  }

  private func ring(_ agent: AgentNode) throws(BrokenPromise) {
    guard let process = agent.process else { return }
    try agent.supervise(process, in: self)
  }

  /// The gateway's end of a tunnel: gone at once, or when the gateway finds its peer dead.
  private func release(_ session: SessionID?, isAbrupt: Bool) {
    guard let session else { return }
    guard isAbrupt else { return gateway.close(session, in: self) }
    let seconds = Int64.random(in: 0...GatewayNode.deadPeerSeconds, using: &random)
    schedule(after: .seconds(seconds)) { world in world.gateway.close(session, in: world) }
  }

  /// Every tunnel finds its peer dead, sooner or later; people dial again when they like.
  func gatewayIsGone() {
    for person in people { person.session = nil }
    for agent in agents {
      guard let tunnel = agent.process?.tunnel, tunnel.isUp else { continue }
      let seconds = Int64.random(in: 1...GatewayNode.deadPeerSeconds, using: &random)
      agent.later(.seconds(seconds), in: self) { world, _ in
        world.lose(tunnel, .deadPeer, of: agent)
      }
    }
  }
}
