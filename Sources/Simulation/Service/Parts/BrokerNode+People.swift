import Broker
import ConnectionService
import Primitives

// What people ask for: each request is several transactions, and the process may be killed between
// any two of them.
extension BrokerNode {
  private static let lookAgain = Duration.milliseconds(pollMilliseconds)

  func serveConnect(
    _ exchange: Exchange<ConnectionView>, token: String, _ product: ProductID,
    _ request: ConnectRequest, key: String?, in world: ServiceWorld
  ) {
    identify(token, exchange, in: world) { world, caller in
      self.perform(exchange, caller, product, in: world) { (rules, random) throws(Refusal) in
        try rules.connect(product, request, key: key, by: caller, using: &random)
      } then: { world, view in
        self.settle(
          view, caller, exchange, until: world.now + PersonNode.connectWait, in: world
        ) { $0.phase != .requested }
      }
    }
  }

  func serveClose(
    _ exchange: Exchange<ConnectionView>, token: String, _ id: ConnectionID, key: String?,
    in world: ServiceWorld
  ) {
    identify(token, exchange, in: world) { world, caller in
      self.perform(exchange, caller, nil, in: world) { (rules, _) throws(Refusal) in
        try rules.close(id, key: key, by: caller)
      } then: { world, view in
        for stream in self.streams where stream.product == view.productID {
          self.sendCommands(on: stream, in: world)
        }
        self.settle(
          view, caller, exchange, until: world.now + PersonNode.closeWait, in: world
        ) { $0.phase == .closed }
      }
    }
  }

  func serveCloseAll(
    _ exchange: Exchange<[ConnectionView]>, token: String, _ product: ProductID, key: String?,
    in world: ServiceWorld
  ) {
    identify(token, exchange, in: world) { world, caller in
      self.perform(exchange, caller, product, in: world) { (rules, _) throws(Refusal) in
        try rules.closeAll(product, key: key, by: caller).items
      } then: { world, views in
        exchange.answer(.success(views), in: world)
      }
    }
  }

  private func identify<Reply>(
    _ token: String, _ exchange: Exchange<Reply>, in world: ServiceWorld,
    then: @escaping (ServiceWorld, Caller) -> Void
  ) {
    step(in: world) { world in
      do throws(Refusal) {
        let caller = try self.use(in: world, changing: false) { (rules, _) throws(Refusal) in
          try rules.authenticate(token)
        }
        self.step(in: world) { world in then(world, caller) }
      } catch {
        exchange.answer(.failure(error), in: world)
      }
    }
  }

  private func perform<Reply>(
    _ exchange: Exchange<Reply>, _ caller: Caller, _ product: ProductID?, in world: ServiceWorld,
    _ body: (Rules, inout SeededRandom) throws(Refusal) -> Reply,
    then: @escaping (ServiceWorld, Reply) -> Void
  ) {
    do throws(Refusal) {
      let reply = try use(in: world, body)
      step(in: world) { world in then(world, reply) }
    } catch {
      exchange.answer(.failure(error), in: world)
      step(in: world) { world in
        try? self.use(in: world) { (rules, _) throws(Refusal) in
          rules.refuse(error, caller: caller, product: product)
        }
      }
    }
  }

  /// Answers with the connection once it is as wanted, or as it is when the time is over.
  private func settle(
    _ view: ConnectionView, _ caller: Caller, _ exchange: Exchange<ConnectionView>,
    until: Instant, in world: ServiceWorld, isSettled: @escaping (ConnectionView) -> Bool
  ) {
    guard !isSettled(view), world.now < until else {
      let failure = view.upAt == nil ? view.failure : nil
      exchange.answer(failure.map { .failure($0) } ?? .success(view), in: world)
      return
    }
    later(Self.lookAgain, in: world) { world in
      do throws(Refusal) {
        let view = try self.use(in: world, changing: false) { (rules, _) throws(Refusal) in
          try rules.connection(view.id, by: caller)
        }
        self.settle(view, caller, exchange, until: until, in: world, isSettled: isSettled)
      } catch {
        exchange.answer(.failure(error), in: world)
      }
    }
  }
}
