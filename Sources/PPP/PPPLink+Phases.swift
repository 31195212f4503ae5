import Primitives

// What leads from phase to phase (RFC 1661 §3), and out of the last one.
extension PPPLink {
  var authenticationInUse: AuthenticationProtocol? {
    switch configuration.role {
    case .authenticator: lcp.options.ours.authentication
    case .peer: lcp.options.peers.authentication
    }
  }

  var authenticationDeadline: Instant? {
    switch authentication {
    case .none: nil
    case .authenticator(let authenticator): authenticator.deadline
    case .peer(let peer): peer.deadline
    }
  }

  var lcpResult: LCPResult {
    let peers = lcp.options.peers
    return LCPResult(
      peerMRUBytes: peers.mruBytes, peerAcceptsACFC: peers.compressesAddressControlField,
      peerAcceptsPFC: peers.compressesProtocolField, authentication: authenticationInUse)
  }

  /// Both directions cross the same tunnel, so our own MRU caps what we send as well.
  var networkFacts: NetworkFacts {
    NetworkFacts(
      localAddress: ipcp.options.local, peerAddress: ipcp.options.peer, dns: ipcp.options.dns,
      nbns: ipcp.options.nbns,
      mtuBytes: min(lcp.options.peers.mruBytes, configuration.mruBytes))
  }

  /// Carries out what the last input led to, until nothing more follows from it. Each round only
  /// starts what the layer above begins with, so a handful is enough.
  mutating func settle(at now: Instant, using random: inout some RandomNumberGenerator) {
    for _ in 0..<Self.settleRoundsMax {
      let link = lcp.takeEffects()
      link.frames.forEach { transmissions.append($0) }
      for signal in link.signals { handleLCP(signal, at: now, using: &random) }
      let didAuthenticate = settleAuthentication(at: now, using: &random)
      let network = ipcp.takeEffects()
      network.frames.forEach { transmissions.append($0) }
      for signal in network.signals { handleIPCP(signal, at: now) }
      if let impasse = link.impasse ?? network.impasse { beginClose(impasse, at: now) }
      guard
        didAuthenticate || !link.signals.isEmpty || !network.signals.isEmpty
          || link.impasse != nil || network.impasse != nil
      else { break }
    }
  }

  private mutating func handleLCP(
    _ signal: ControlProtocol<LCPOptions>.Signal, at now: Instant,
    using random: inout some RandomNumberGenerator
  ) {
    switch signal {
    case .up: enterAuthenticate(at: now, using: &random)
    case .down:
      leaveNetwork(at: now)
      if lcp.state == .stopping || lcp.state == .closing {
        phase = .terminate
        // The peer's Terminate-Request: it is over for good, whatever the pause of zrc says.
        if closing?.reason == .peerClosed { finish(at: now) }
      } else {
        phase = .establish
      }
    case .finished:
      noteCause(
        lcp.hasHeardPeer
          ? Impasse(.negotiationFailed, "LCP does not converge")
          : Impasse(.retriesExhausted, "peer does not answer LCP"))
      finish(at: now)
    }
  }

  private mutating func enterAuthenticate(
    at now: Instant, using random: inout some RandomNumberGenerator
  ) {
    lcp.peerMRUBytes = lcp.options.peers.mruBytes
    ipcp.peerMRUBytes = lcp.options.peers.mruBytes
    events.append(.lcpUp(lcpResult))
    echo.start(at: now)
    guard let method = authenticationInUse else {
      let isRequired =
        configuration.role == .peer && !configuration.authentication.isEmpty
        && !configuration.acceptsNoAuthentication
      guard !isRequired else {
        beginClose(Impasse(.negotiationFailed, "gateway asks for no authentication"), at: now)
        return
      }
      enterNetwork(at: now, using: &random)
      return
    }
    phase = .authenticate
    switch configuration.role {
    case .authenticator:
      var authenticator = Authenticator(configuration)
      if case .authenticator(let earlier) = authentication { authenticator = earlier }
      authenticator.start(method, at: now, using: &random)
      authentication = .authenticator(authenticator)
    case .peer:
      var peer = AuthenticatingPeer(configuration)
      if case .peer(let earlier) = authentication { peer = earlier }
      peer.start(method, at: now)
      authentication = .peer(peer)
    }
  }

  /// Takes frames and outcomes of the authentication; whether there were outcomes.
  private mutating func settleAuthentication(
    at now: Instant, using random: inout some RandomNumberGenerator
  ) -> Bool {
    switch authentication {
    case .none: return false
    case .authenticator(var authenticator):
      let (frames, outcomes) = authenticator.takeEffects()
      authentication = .authenticator(authenticator)
      frames.forEach { transmissions.append($0) }
      for outcome in outcomes {
        switch outcome {
        case .ask(let request): events.append(.authenticate(request))
        case .accepted(let userName): accept(userName, at: now, using: &random)
        case .failed(let impasse): beginClose(impasse, at: now)
        }
      }
      return !outcomes.isEmpty
    case .peer(var peer):
      let (frames, outcomes) = peer.takeEffects()
      authentication = .peer(peer)
      frames.forEach { transmissions.append($0) }
      for outcome in outcomes {
        switch outcome {
        case .accepted: accept(Array(configuration.userName.utf8), at: now, using: &random)
        case .failed(let impasse): beginClose(impasse, at: now)
        }
      }
      return !outcomes.isEmpty
    }
  }

  /// The address belongs to who got it, so the name may not change when the peer authenticates
  /// again; a repeated acceptance while the network is open (a new Challenge) changes nothing.
  private mutating func accept(
    _ userName: [UInt8], at now: Instant, using random: inout some RandomNumberGenerator
  ) {
    guard user == nil || user == userName else {
      beginClose(Impasse(.policyRefused, "another user on the same link"), at: now)
      return
    }
    if user == nil {
      user = userName
      events.append(.authenticated(user: printable(userName)))
    }
    if phase == .authenticate { enterNetwork(at: now, using: &random) }
  }

  private mutating func enterNetwork(
    at now: Instant, using random: inout some RandomNumberGenerator
  ) {
    phase = .network
    switch (configuration.role, assignment) {
    case (.authenticator, .notAsked):
      assignment = .asked(held: nil)
      events.append(.needsAddress(user: printable(user ?? [])))
    case (.authenticator, .asked): break
    case (.authenticator, .assigned), (.peer, _): openIPCP(at: now, using: &random)
    }
  }

  mutating func openIPCP(at now: Instant, using random: inout some RandomNumberGenerator) {
    ipcp.open(at: now, using: &random)
    ipcp.lowerLayerUp(at: now, using: &random)
  }

  private mutating func handleIPCP(
    _ signal: ControlProtocol<IPCPOptions>.Signal, at now: Instant
  ) {
    switch signal {
    case .up:
      guard ipcp.options.local != .any else {
        beginClose(Impasse(.negotiationFailed, "gateway assigns no address"), at: now)
        return
      }
      renegotiations += 1
      guard renegotiations <= Self.renegotiationsMax else {
        beginClose(Impasse(.negotiationFailed, "peer negotiates without end"), at: now)
        return
      }
      isNetworkUp = true
      setupDeadline = nil
      events.append(.up(networkFacts))
    case .down: networkLost(at: now)
    case .finished:
      beginClose(
        ipcp.hasHeardPeer
          ? Impasse(.negotiationFailed, "IPCP does not converge")
          : Impasse(.retriesExhausted, "peer does not answer IPCP"), at: now)
    }
  }

  private mutating func networkLost(at now: Instant) {
    guard isNetworkUp else { return }
    isNetworkUp = false
    events.append(.networkDown)
    if closing == nil { setupDeadline = now + configuration.setupTimeout }
  }

  /// LCP is no longer Opened: everything above it is down.
  mutating func leaveNetwork(at now: Instant) {
    echo.stop()
    networkLost(at: now)
    ipcp.lowerLayerDown(at: now)
    _ = ipcp.takeEffects()
    if case .asked = assignment { assignment = .asked(held: nil) }
    switch authentication {
    case .none: break
    case .authenticator(var authenticator):
      authenticator.stop()
      authentication = .authenticator(authenticator)
    case .peer(var peer):
      peer.stop()
      authentication = .peer(peer)
    }
  }

  mutating func authenticationTimeout(at now: Instant) {
    switch authentication {
    case .none: break
    case .authenticator(var authenticator):
      authenticator.handleTimeout(at: now)
      authentication = .authenticator(authenticator)
    case .peer(var peer):
      peer.handleTimeout(at: now)
      authentication = .peer(peer)
    }
  }

  mutating func echoTimeout(at now: Instant) {
    switch echo.handleTimeout(at: now) {
    case nil: break
    case .sendEchoRequest:
      var data = ByteWriter(capacityBytes: 4)
      data.write(lcp.options.ours.magic)
      let identifier = lcp.makeIdentifier()
      lcp.send(ControlPacket(.echoRequest, identifier: identifier, data: data.bytes))
    case .dead: beginClose(Impasse(.deadPeer, "LCP echo unanswered"), at: now)
    }
  }

  /// Remembers why; the first cause counts.
  mutating func noteCause(_ impasse: Impasse) {
    if closing == nil { closing = impasse }
  }

  mutating func beginClose(_ impasse: Impasse, at now: Instant) {
    noteCause(impasse)
    guard !isOver else { return }
    setupDeadline = nil
    guard phase != .dead else {
      finish(at: now)
      return
    }
    phase = .terminate
    lcp.close(at: now)
  }

  /// The end, told once. LCP is closed as well, so that nothing brings the link back: all it does
  /// from now on is to answer with Terminate-Acks.
  mutating func finish(at now: Instant) {
    guard !isOver else { return }
    isOver = true
    phase = .dead
    setupDeadline = nil
    leaveNetwork(at: now)
    lcp.close(at: now)
    let cause = closing ?? Impasse(.internalError, "no cause noted")
    events.append(.down(cause.reason, detail: cause.detail))
  }
}
