import ConnectionService
import Primitives

/// A request over HTTP with its answer: either may get lost, and the asker waits for a while only.
final class Exchange<Reply> {
  typealias Done = (ServiceWorld, Result<Reply, Refusal>) throws(BrokenPromise) -> Void

  let way: Way
  /// The life of the broker that answers.
  fileprivate(set) var brokerLife = 0
  /// The asker has its answer, or waits no longer.
  private(set) var isOver = false
  private let done: Done

  fileprivate init(_ way: Way, _ done: @escaping Done) {
    self.way = way
    self.done = done
  }

  /// The broker answers; a broker that has died meanwhile does not.
  /// - Returns: when the answer arrives; `nil` when it never does, or nobody waits for it.
  @discardableResult
  func answer(_ result: Result<Reply, Refusal>, in world: ServiceWorld) -> Instant? {
    guard !isOver, world.brokers[way.broker].isAlive(brokerLife),
      !world.network.isLost(on: way, using: &world.random)
    else { return nil }
    let arrival = world.now + world.network.delay(using: &world.random)
    world.schedule(at: arrival) { (world) throws(BrokenPromise) in
      try self.finish(result, in: world)
    }
    return arrival
  }

  fileprivate func finish(
    _ result: Result<Reply, Refusal>, in world: ServiceWorld
  ) throws(BrokenPromise) {
    guard !isOver else { return }
    isOver = true
    try done(world, result)
  }
}

extension ServiceWorld {
  /// Asks a broker; `done` is called once, with `brokerUnreachable` when nothing comes back.
  /// - Parameter mayBeLate: whether the request may arrive when its asker has given up.
  func ask<Reply>(
    _ way: Way, waiting: Duration, mayBeLate: Bool = true,
    serve: @escaping (ServiceWorld, BrokerNode, Exchange<Reply>) -> Void,
    done: @escaping Exchange<Reply>.Done
  ) {
    let exchange = Exchange(way, done)
    schedule(after: waiting) { (world) throws(BrokenPromise) in
      try exchange.finish(.failure(.unreachable), in: world)
    }
    guard let travel = network.travel(on: way, mayBeLate: mayBeLate, using: &random) else { return }
    schedule(after: travel) { (world) throws(BrokenPromise) in
      let broker = world.brokers[way.broker]
      guard broker.isRunning else {
        // Nobody listens: the asker hears that at once.
        try exchange.finish(.failure(.unreachable), in: world)
        return
      }
      exchange.brokerLife = broker.life
      serve(world, broker, exchange)
    }
  }
}

extension Refusal {
  /// What a client says when it gets no answer.
  static let unreachable = Refusal(
    .brokerUnreachable, "The broker does not answer.", cause: "It is down, or the way to it is.",
    nextStep: "Try again.")
}
