import ConnectionService
import Dataplane
import Gateway
import Primitives

/// A gateway: its table of grants, the sessions of devices and people, and its stream to a broker.
final class GatewayNode {
  struct Session {
    let user: String
    let address: IPv4Address
  }

  /// How long a peer that is gone is not missed.
  static let deadPeerSeconds: Int64 = 150

  let token: String
  private(set) var life = 0
  private(set) var isRunning = false
  private(set) var table = GrantTable()
  private(set) var sessions: [SessionID: Session] = [:]
  /// Pairs that the packet path lets pass.
  private(set) var allowed: Set<SessionPair> = []
  private var stream: GrantStream?
  /// Whether all grants came on the stream.
  private var hasAll = false
  private var pause = ReconnectDelay()
  private var addresses: UInt32 = 0
  private var sessionNumbers: UInt32 = 0

  init(token: String) { self.token = token }

  func isAlive(_ life: Int) -> Bool { isRunning && self.life == life }

  /// Whether what brokers do comes here at this moment.
  func isFollowing(in world: ServiceWorld) -> Bool {
    guard isRunning, hasAll, let stream, !stream.isCut, world.store.failure != .unreachable else {
      return false
    }
    return world.brokers[stream.way.broker].isAlive(stream.brokerLife)
      && !world.network.cut.contains(stream.way)
  }

  func start(in world: ServiceWorld) {
    guard !isRunning else { return }
    life += 1
    isRunning = true
    world.note("the gateway starts")
    attach(after: .zero, in: world)
  }

  /// Nothing of it is kept: sessions and grants are gone.
  func die(in world: ServiceWorld) {
    guard isRunning else { return }
    isRunning = false
    world.note("the gateway is killed")
    table = GrantTable()
    sessions = [:]
    allowed = []
    hasAll = false
    if let stream { world.cut(stream) }
    stream = nil
    world.isGatewayChanged = true
    world.gatewayIsGone()
  }

  // Sessions

  /// A session with an address of its own; `nil` while the gateway is down.
  func open(user: String, in world: ServiceWorld) -> (SessionID, IPv4Address)? {
    guard isRunning else { return nil }
    sessionNumbers += 1
    // A small pool: addresses come round soon.
    addresses = addresses % 40 + 1
    while sessions.values.contains(where: { $0.address == Self.address(addresses) }) {
      addresses = addresses % 40 + 1
    }
    let id = SessionID(sessionNumbers)
    let session = Session(user: user, address: Self.address(addresses))
    sessions[id] = session
    table.sessionUp(id, user: user, address: session.address)
    carryOut(in: world)
    return (id, session.address)
  }

  func close(_ id: SessionID, in world: ServiceWorld) {
    guard sessions.removeValue(forKey: id) != nil else { return }
    table.sessionDown(id)
    carryOut(in: world)
  }

  private static func address(_ number: UInt32) -> IPv4Address {
    IPv4Address(IPv4Address(10, 99, 0, 0).value + number)
  }

  // Grants (CS-25)

  func take(_ change: GrantChange, from stream: GrantStream, in world: ServiceWorld) {
    guard isAlive(stream.gatewayLife), self.stream === stream else { return }
    if case .all = change { hasAll = true }
    pause.reset()
    world.note("the gateway hears \(change.summary)")
    table.apply(change, at: world.now)
    carryOut(in: world)
  }

  private func carryOut(in world: ServiceWorld) {
    world.isGatewayChanged = true
    while let order = table.nextOrder() {
      switch order {
      case .allow(let pair):
        world.count("pair allowed")
        if world.fault != .neverForwards { allowed.insert(pair) }
      case .deny(let pair):
        world.count("pair denied")
        if world.fault != .keepsForwarding { allowed.remove(pair) }
      }
    }
  }

  private func attach(after pause: Duration, in world: ServiceWorld) {
    let life = life
    world.schedule(after: pause) { world in
      guard self.isAlive(life), self.stream == nil else { return }
      let way = Way(
        party: .gateway, broker: Int.random(in: 0..<world.brokers.count, using: &world.random))
      world.ask(way, waiting: AgentNode.silenceMax) { world, broker, exchange in
        broker.serveGrants(exchange, token: self.token, gatewayLife: life, in: world)
      } done: { world, result in
        switch result {
        case .success(let stream) where self.isAlive(life):
          self.hasAll = false
          self.stream = stream
          // Cut while the answer was on its way: the stream stays silent, and is given up for that.
          guard stream.isCut else { return }
          world.schedule(after: AgentNode.silenceMax) { world in
            self.streamEnded(stream, in: world)
          }
        case .success(let stream): world.cut(stream)
        case .failure:
          guard self.isAlive(life) else { return }
          self.attach(after: self.pause.next(using: &world.random), in: world)
        }
      }
    }
  }

  /// The grants stay as they are until the stream brings all of them anew (CS-24).
  func streamEnded(_ stream: GrantStream, in world: ServiceWorld) {
    guard isAlive(stream.gatewayLife), self.stream === stream else { return }
    self.stream = nil
    hasAll = false
    attach(after: pause.next(using: &world.random), in: world)
  }
}
