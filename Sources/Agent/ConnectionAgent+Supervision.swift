import ConnectionService
import Primitives

// What the supervision finds, and what follows from it.
extension ConnectionAgent {
  /// The VPN agent was looked at: periodically, and at once when its tunnel ends.
  ///
  /// Transition table.
  public mutating func observe(_ state: VPNAgentState, at now: Instant, time: Timestamp) {
    switch (phase, state) {
    case (.down, .down), (.down, .over): break
    case (.down, .dialling), (.down, .up):
      // A tunnel that nobody asked for.
      beginClosing(.internalError, at: now)

    case (.establishing, .dialling): break
    case (.establishing(let establishment), .up(let reading)):
      stand(establishment, reading, at: now, time: time)
    case (.establishing(let establishment), .over(let reason, let detail)):
      fail(establishment, reason, detail, time: time)
      phase = .down
    case (.establishing(let establishment), .down):
      fail(establishment, .internalError, "the VPN agent is gone", time: time)
      phase = .down

    case (.up(var tunnel), .up(let reading)):
      tunnel.reading = reading
      phase = .up(tunnel)
    case (.up(let tunnel), .over(let reason, _)):
      lose(tunnel, reason, at: now, time: time)
    case (.up(let tunnel), .down), (.up(let tunnel), .dialling):
      // It ended without a word, or does what nobody asked for: the tunnel that stood is gone.
      lose(tunnel, .internalError, at: now, time: time)

    case (.closing, .dialling), (.closing, .up): break
    case (.closing, .over), (.closing, .down):
      phase = .down
      append(.stateChanged)
    }
  }

  /// Time has passed.
  public mutating func handleTimeout(at now: Instant, time: Timestamp) {
    switch phase {
    case .down, .up: break
    case .establishing(let establishment):
      guard establishment.until <= now else { return }
      let seconds = Self.establishmentMax.wholeSeconds
      giveUp(establishment, .retriesExhausted, at: now, time: time) { _ in
        .establishmentFailed(.retriesExhausted, "it took longer than \(seconds) s")
      }
    case .closing(var closing):
      guard closing.repeatAt <= now else { return }
      closing.repeatAt = now + Self.closingRepeat
      phase = .closing(closing)
      append(.closeTunnel(closing.reason))
    }
  }

  private mutating func stand(
    _ establishment: Establishment, _ reading: TunnelReading, at now: Instant, time: Timestamp
  ) {
    var tunnel = OpenTunnel(
      id: establishment.tunnel, inactivity: establishment.inactivity, upTime: time, upAt: now,
      reading: reading)
    record(.tunnelEstablished, time: time) { $0.tunnel = tunnel.id }
    for waiting in establishment.waiting { open(waiting, on: &tunnel, at: now, time: time) }
    phase = .up(tunnel)
    append(.stateChanged)
    for waiting in establishment.waiting {
      answer(waiting.command, .connected(facts: tunnel.facts(of: waiting.connection)))
    }
  }

  /// All who waited get the failure (CS-4), but words about one user's credentials that user alone:
  /// a peer may repeat in them what it was sent.
  private mutating func fail(
    _ establishment: Establishment, _ reason: CloseReason, _ detail: String, time: Timestamp
  ) {
    recordFailure(of: establishment, reason, time: time)
    for waiting in establishment.waiting {
      let isMeant =
        establishment.credentialsOf == nil || establishment.credentialsOf == waiting.connection
      let words = isMeant ? detail : "it was dialled with the credentials of another user's connect"
      turnDown(waiting, .establishmentFailed(reason, words), reason, time: time)
    }
    append(.stateChanged)
  }

  private mutating func lose(
    _ tunnel: OpenTunnel, _ reason: CloseReason, at now: Instant, time: Timestamp
  ) {
    end(tunnel, .unexpectedClose, reason, at: now, time: time)
    phase = .down
    append(.stateChanged)
  }

  /// Stops dialling; `refusal` says why to each who waited.
  mutating func giveUp(
    _ establishment: Establishment, _ reason: CloseReason, at now: Instant, time: Timestamp,
    refusal: (ConnectionID) -> Refusal
  ) {
    recordFailure(of: establishment, reason, time: time)
    for waiting in establishment.waiting {
      let refusal = refusal(waiting.connection)
      turnDown(waiting, refusal, refusal.reason ?? reason, time: time)
    }
    beginClosing(reason, at: now)
  }

  mutating func beginClosing(_ reason: CloseReason, at now: Instant) {
    phase = .closing(ClosingTunnel(reason: reason, repeatAt: now + Self.closingRepeat))
    append(.closeTunnel(reason))
    append(.stateChanged)
  }

  // The ledger's lines

  mutating func open(
    _ waiting: WaitingConnect, on tunnel: inout OpenTunnel, at now: Instant, time: Timestamp
  ) {
    tunnel.connections.append(
      LiveConnection(
        id: waiting.connection, organisation: waiting.organisation, user: waiting.user,
        openedTime: time, openedAt: now))
    let id = tunnel.id
    record(.connectionOpened, time: time) {
      $0.tunnel = id
      $0.connection = waiting.connection
      $0.organisation = waiting.organisation
      $0.user = waiting.user
    }
  }

  mutating func close(
    _ connection: LiveConnection, of tunnel: TunnelID, _ reason: CloseReason, at now: Instant,
    time: Timestamp
  ) {
    closed.set(reason, for: connection.id)
    record(.connectionClosed, time: time) {
      $0.tunnel = tunnel
      $0.connection = connection.id
      $0.organisation = connection.organisation
      $0.user = connection.user
      $0.reason = reason
      $0.lastedSeconds = (now - connection.openedAt).wholeSeconds
    }
  }

  /// Writes the end of a tunnel that was up, and of what is left on it: once for each tunnel.
  mutating func end(
    _ tunnel: OpenTunnel, _ kind: HistoryEvent.Kind, _ reason: CloseReason, at now: Instant,
    time: Timestamp
  ) {
    for connection in tunnel.connections {
      close(connection, of: tunnel.id, reason, at: now, time: time)
    }
    record(kind, time: time) {
      $0.tunnel = tunnel.id
      $0.reason = reason
      $0.lastedSeconds = (now - tunnel.upAt).wholeSeconds
      $0.bytes = tunnel.reading.bytes
    }
  }

  /// One who waited will not get a connection; the id is used up.
  mutating func turnDown(
    _ waiting: WaitingConnect, _ refusal: Refusal, _ reason: CloseReason, time: Timestamp
  ) {
    closed.set(reason, for: waiting.connection)
    recordRefusal(waiting, refusal, reason, time: time)
    answer(waiting.command, .refused(refusal: refusal))
  }

  mutating func recordRefusal(
    _ waiting: WaitingConnect, _ refusal: Refusal, _ reason: CloseReason?, time: Timestamp
  ) {
    record(.connectRefused, time: time) {
      $0.connection = waiting.connection
      $0.organisation = waiting.organisation
      $0.user = waiting.user
      $0.refusal = refusal.code
      $0.reason = reason
    }
  }

  private mutating func recordFailure(
    of establishment: Establishment, _ reason: CloseReason, time: Timestamp
  ) {
    record(.establishmentFailed, time: time) {
      $0.tunnel = establishment.tunnel
      $0.reason = reason
      $0.refusal = .establishmentFailed
    }
  }
}
