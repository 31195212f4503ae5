import ConnectionService
import Dataplane
import Primitives

/// Somebody who asks brokers for connections, and perhaps has a session of their own at the gateway.
final class PersonNode {
  /// How long a connect waits at the broker, and a little more at the asker's.
  static let connectWait = Duration.seconds(65)
  static let closeWait = Duration.seconds(10)
  private static let margin = Duration.seconds(5)
  private static let attemptsMax = 4

  let index: Int
  let user: Name
  let token: String
  let vpnUser: String
  /// Of another organisation: everything is unknown to it.
  let isForeign: Bool
  /// Connections that this person was told of.
  private(set) var known: [ConnectionID] = []
  var session: SessionID?

  init(index: Int, user: Name, token: String, vpnUser: String, isForeign: Bool = false) {
    self.index = index
    self.user = user
    self.token = token
    self.vpnUser = vpnUser
    self.isForeign = isForeign
  }

  /// One thing that is wanted, however often it is asked for.
  struct Wish {
    /// Names the wish in the note of a connect.
    let tag: String
    let key: String?
    var attempts = 0
  }

  // Wishes

  func connect(
    _ product: ProductID, _ request: ConnectRequest, _ wish: Wish, in world: ServiceWorld,
    done: @escaping (ServiceWorld, Result<ConnectionView, Refusal>) throws(BrokenPromise) -> Void
  ) {
    let way = way(in: world)
    let token = token
    world.ask(way, waiting: Self.connectWait + Self.margin) { world, broker, exchange in
      let key = world.fault == .ignoresKeys ? nil : wish.key
      broker.serveConnect(exchange, token: token, product, request, key: key, in: world)
    } done: { (world, result) throws(BrokenPromise) in
      if case .success(let view) = result { self.learn(view.id) }
      try world.checkKey(wish, result)
      if let again = wish.again(after: result, attemptsMax: Self.attemptsMax) {
        self.connect(product, request, again, in: world, done: done)
        return
      }
      world.count("connect: \(result.summary)")
      world.note("person \(self.index) has \(wish.tag): \(result.summary)")
      try done(world, result)
    }
  }

  func close(_ id: ConnectionID, _ wish: Wish, in world: ServiceWorld) {
    let token = token
    world.ask(way(in: world), waiting: Self.closeWait + Self.margin) { world, broker, exchange in
      broker.serveClose(exchange, token: token, id, key: wish.key, in: world)
    } done: { (world, result: Result<ConnectionView, Refusal>) throws(BrokenPromise) in
      if let again = wish.again(after: result, attemptsMax: Self.attemptsMax) {
        return self.close(id, again, in: world)
      }
      world.count("close: \(result.summary)")
      if self.isForeign { try world.checkForeign(result, .connectionUnknown) }
    }
  }

  func closeAll(_ product: ProductID, _ wish: Wish, in world: ServiceWorld) {
    let token = token
    world.ask(way(in: world), waiting: Self.closeWait + Self.margin) { world, broker, exchange in
      broker.serveCloseAll(exchange, token: token, product, key: wish.key, in: world)
    } done: { (world, result: Result<[ConnectionView], Refusal>) throws(BrokenPromise) in
      if let again = wish.again(after: result, attemptsMax: Self.attemptsMax) {
        return self.closeAll(product, again, in: world)
      }
      world.count("closeall: \(result.summary)")
      if self.isForeign { try world.checkForeign(result, .deviceUnknown) }
    }
  }

  private func way(in world: ServiceWorld) -> Way {
    Way(
      party: .person(index),
      broker: Int.random(in: 0..<world.brokers.count, using: &world.random))
  }

  private func learn(_ id: ConnectionID) {
    if !known.contains(id) { known.append(id) }
  }

  // The own session

  func dial(in world: ServiceWorld) {
    guard session == nil else { return }
    session = world.gateway.open(user: vpnUser, in: world)?.0
  }

  func hangUp(in world: ServiceWorld) {
    guard let session else { return }
    self.session = nil
    world.gateway.close(session, in: world)
  }
}

extension PersonNode.Wish {
  /// The same wish once more, when nobody has answered; without a key nobody dares.
  func again<Reply>(after result: Result<Reply, Refusal>, attemptsMax: Int) -> Self? {
    guard case .failure(let refusal) = result, key != nil, attempts + 1 < attemptsMax,
      refusal.code == .brokerUnreachable || refusal.code == .storeUnavailable
    else { return nil }
    var again = self
    again.attempts += 1
    return again
  }
}

extension Result where Failure == Refusal {
  var summary: String {
    switch self {
    case .success(let reply as ConnectionView): reply.phase.rawValue
    case .success: "done"
    case .failure(let refusal): refusal.code.rawValue
    }
  }
}
