import Dataplane
import Endpoint
import IKE
import Primitives

/// Dead peer detection between its bounds: a peer that was heard is not dead, and one that was not
/// heard for the timeout is.
public struct DeadPeerChecker: Checker {
  /// The packet path reports life once a second at most, so that much may be missing.
  private static var reportingInterval: Duration { .seconds(1) }
  /// How the reason of the detection itself begins; a tunnel's Hello has other words.
  static let words = "no authenticated traffic"

  private let timeout: Duration
  private var upAt: [ConnectionID: Instant] = [:]
  /// Where connections that may ask send to.
  private var paths: [ConnectionID: Path] = [:]
  /// Anything at all that came from an address, authentic or not.
  private var arrivals: [SocketAddress: Instant] = [:]
  /// The last arrival from an address that no path leads to: whoever holds a packet back and sends
  /// it on from elsewhere proves its sender's life nonetheless.
  private var elsewhere: Instant?
  /// The last packet of a user, which was certainly authentic.
  private var userPackets: [ConnectionID: Instant] = [:]
  private var connectionOf: [TunnelNumber: ConnectionID] = [:]
  private var tunnelOf: [SessionID: TunnelNumber] = [:]

  /// - Parameter timeout: of the policies of both ends.
  public init(timeout: Duration) { self.timeout = timeout }

  /// A packet from `source` reached the host; ESP without UDP has port 0.
  public mutating func noteArrival(from source: SocketAddress, at now: Instant) {
    arrivals[source] = now
    let isKnown = paths.values.contains { $0.remote.address == source.address }
    if !isKnown { elsewhere = now }
  }

  /// A user's packet came out of the session.
  public mutating func noteUserPacket(from session: SessionID, at now: Instant) {
    guard let tunnel = tunnelOf[session], let connection = connectionOf[tunnel] else { return }
    userPackets[connection] = now
  }

  public mutating func note(_ occurrence: Occurrence, at now: Instant) throws(BrokenPromise) {
    switch occurrence {
    case .connectionUp(let id): upAt[id] = now
    case .connectionPath(let id, let path, let mayAsk):
      // Both begin with something authentic that came along the path.
      if upAt[id] != nil { upAt[id] = now }
      paths[id] = mayAsk ? path : nil
    case .attemptFailed(let id, _, _): upAt[id] = nil
    case .connectionDown(let id, let reason, let detail):
      upAt[id] = nil
      guard reason == .deadPeer, detail.hasPrefix(Self.words), let heard = userPackets[id] else {
        return
      }
      try promise(
        now - heard > timeout - Self.reportingInterval, "DPD", at: now,
        "\(id) is called dead \(now - heard) after a packet of its user")
    case .tunnelOpened(let number, let connection, _): connectionOf[number] = connection
    case .sessionOpened(let id, let number): tunnelOf[id] = number
    case .pairUp, .pairDown, .tunnelUp, .tunnelClosed, .tunnelForgotten, .sessionFailed, .sessionUp,
      .sessionSuspended, .sessionClosing, .sessionClosed, .sessionForgotten, .userPacket:
      break
    }
  }

  public func checkOverdue(at now: Instant) throws(BrokenPromise) {
    for id in upAt.keys.sorted() {
      guard let since = upAt[id], let path = paths[id] else { continue }
      let plain = arrivals[SocketAddress(path.remote.address, port: 0)]
      let heard = max(
        since, arrivals[path.remote] ?? since, plain ?? since, elsewhere ?? since)
      try promise(
        now <= heard + timeout, "DPD", at: now, "\(id) is silent since \(heard.seconds) s")
    }
  }
}
