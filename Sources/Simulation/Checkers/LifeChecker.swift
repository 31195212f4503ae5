import Dataplane
import Endpoint
import IKE
import Primitives

/// Everything that begins ends exactly once, with exactly one reason, and the inner before the
/// outer: sessions before their tunnel, SAs before their connection.
public struct LifeChecker: Checker {
  private enum Life: Sendable {
    case live
    case over
  }

  private var connections: [ConnectionID: Life] = [:]
  private var pairs: [UInt32: ConnectionID] = [:]
  private var tunnels: [TunnelNumber: Life] = [:]
  private var sessions: [SessionID: (life: Life, tunnel: TunnelNumber)] = [:]
  private var retrying: Set<ConnectionID> = []

  public init() {}

  /// Whether nothing that began is without its end.
  public var isAllOver: Bool {
    pairs.isEmpty && connections.values.allSatisfy { $0 == .over }
      && tunnels.values.allSatisfy { $0 == .over }
      && sessions.values.allSatisfy { $0.life == .over }
  }

  public mutating func note(_ occurrence: Occurrence, at now: Instant) throws(BrokenPromise) {
    switch occurrence {
    case .connectionUp(let id):
      let mayComeUp = connections[id] == nil || retrying.remove(id) != nil
      try promise(mayComeUp, "one life", at: now, "\(id) came up twice")
      connections[id] = .live
    case .attemptFailed(let id, _, let retryAt):
      try promise(connections[id] != .over, "one life", at: now, "\(id) failed after its end")
      if retryAt != nil { retrying.insert(id) }
    case .connectionDown(let id, _, _):
      try promise(connections[id] != .over, "one reason", at: now, "\(id) ended twice")
      try promise(!pairs.values.contains(id), "order", at: now, "\(id) ended before its SAs")
      connections[id] = .over
    case .pairUp(let spi, let id):
      try promise(connections[id] == .live, "order", at: now, "an SA of \(id), which is not up")
      try promise(pairs[spi] == nil, "one life", at: now, "SA \(spi) came up twice")
      pairs[spi] = id
    case .pairDown(let spi, _):
      try promise(pairs[spi] != nil, "one reason", at: now, "SA \(spi) ended twice or never began")
      pairs[spi] = nil
    case .connectionPath, .sessionFailed, .sessionSuspended, .sessionClosing, .userPacket: break
    case .tunnelOpened, .tunnelUp, .tunnelClosed, .tunnelForgotten:
      try noteTunnel(occurrence, at: now)
    case .sessionOpened, .sessionUp, .sessionClosed, .sessionForgotten:
      try noteSession(occurrence, at: now)
    }
  }

  private mutating func noteTunnel(
    _ occurrence: Occurrence, at now: Instant
  ) throws(BrokenPromise) {
    switch occurrence {
    case .tunnelOpened(let number, let connection, _):
      let hasCarrier = connection.map { connections[$0] == .live } ?? true
      try promise(hasCarrier, "order", at: now, "tunnel \(number) without its connection")
      try promise(tunnels[number] == nil, "one life", at: now, "tunnel \(number) began twice")
      tunnels[number] = .live
    case .tunnelUp(let number):
      try promise(tunnels[number] == .live, "one life", at: now, "tunnel \(number) is not live")
    case .tunnelClosed(let number, _):
      try promise(tunnels[number] == .live, "one reason", at: now, "tunnel \(number) ended twice")
      let isEmpty = !sessions.values.contains { $0.tunnel == number && $0.life == .live }
      try promise(isEmpty, "order", at: now, "tunnel \(number) ended before its sessions")
      tunnels[number] = .over
    case .tunnelForgotten(let number):
      try promise(tunnels[number] == .over, "one reason", at: now, "tunnel \(number) has none")
    default: break
    }
  }

  private mutating func noteSession(
    _ occurrence: Occurrence, at now: Instant
  ) throws(BrokenPromise) {
    switch occurrence {
    case .sessionOpened(let id, let number):
      try promise(tunnels[number] == .live, "order", at: now, "\(id) without its tunnel")
      try promise(sessions[id] == nil, "one life", at: now, "\(id) began twice")
      sessions[id] = (.live, number)
    case .sessionUp(let id, _):
      try promise(sessions[id]?.life == .live, "one life", at: now, "\(id) is up but not live")
    case .sessionClosed(let id, _):
      try promise(sessions[id]?.life == .live, "one reason", at: now, "\(id) ended twice")
      sessions[id]?.life = .over
    case .sessionForgotten(let id):
      try promise(sessions[id]?.life == .over, "one reason", at: now, "\(id) has none")
    default: break
    }
  }
}
