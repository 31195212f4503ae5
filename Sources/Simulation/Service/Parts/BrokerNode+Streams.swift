import ConnectionService
import Primitives

// The streams to devices and gateways, and the reports that come back.
extension BrokerNode {
  // A device (CS-20, CS-21)

  /// A device asks for its stream: a transaction says who it is, another attaches it.
  func serveStream(
    _ exchange: Exchange<DeviceStream>, token: String, agentLife: Int,
    as instance: AgentInstance?, in world: ServiceWorld
  ) {
    step(in: world) { world in
      do throws(Refusal) {
        let caller = try self.use(in: world, changing: false) { (rules, _) throws(Refusal) in
          try rules.authenticate(token)
        }
        guard let product = caller.product else { throw .unreachable }
        self.step(in: world) { world in
          // With a process that has ended its connections have, and the broker sees that.
          guard case .agent(let index) = exchange.way.party,
            world.agents[index].process?.life == agentLife
          else { return }
          do throws(Refusal) {
            let epoch = try self.use(in: world) { (rules, _) throws(Refusal) in
              try rules.attach(caller, as: instance)
            }
            let stream = DeviceStream(
              exchange.way, brokerLife: self.life, agentLife: agentLife, instance: instance,
              product: product, epoch: epoch)
            self.step(in: world) { world in self.begin(stream, exchange, in: world) }
          } catch {
            exchange.answer(.failure(error), in: world)
          }
        }
      } catch {
        exchange.answer(.failure(error), in: world)
      }
    }
  }

  private func begin(
    _ stream: DeviceStream, _ exchange: Exchange<DeviceStream>, in world: ServiceWorld
  ) {
    let formers = streams.filter { $0.product == stream.product }
    streams.append(stream)
    // The one before on this broker looks at once what has become of it.
    for former in formers { sendCommands(on: former, in: world) }
    if exchange.isOver { world.count("attach handled late") }
    guard let arrival = exchange.answer(.success(stream), in: world) else {
      return world.cut(stream)
    }
    stream.lastArrival = arrival
    send(.attached(epoch: stream.epoch), on: stream, in: world)
    sendCommands(on: stream, in: world)
    beat(stream, in: world)
  }

  private func beat(_ stream: DeviceStream, in world: ServiceWorld) {
    later(Self.heartbeat, in: world) { world in
      guard stream.isOpenAtBroker else { return }
      self.send(.heartbeat, on: stream, in: world)
      stream.beats += 1
      if stream.beats >= Self.beatsPerRenewal {
        do throws(Refusal) {
          try self.use(in: world) { (rules, _) throws(Refusal) in
            try rules.renew(stream.product, epoch: stream.epoch, as: stream.instance)
          }
          stream.beats = 0
        } catch {
          if error.code == .epochOutdated { self.endOutdated(stream, in: world) }
        }
      }
      self.beat(stream, in: world)
    }
  }

  /// What is not on the stream yet; asked again when the store does not answer.
  func sendCommands(on stream: DeviceStream, in world: ServiceWorld) {
    guard stream.isOpenAtBroker else { return }
    do throws(Refusal) {
      let commands = try use(in: world, changing: false) { (rules, _) throws(Refusal) in
        try rules.commands(for: stream.product, epoch: stream.epoch)
      }
      for command in commands where command.id > stream.sent {
        send(.command(command), on: stream, in: world)
        stream.sent = command.id
      }
    } catch {
      if error.code == .epochOutdated { return endOutdated(stream, in: world) }
      later(Self.retry, in: world) { world in self.sendCommands(on: stream, in: world) }
    }
  }

  /// The attachment is over; who has the device now decides what the agent is told.
  private func endOutdated(_ stream: DeviceStream, in world: ServiceWorld) {
    guard stream.isOpenAtBroker else { return }
    do throws(Refusal) {
      let isSuperseded = try use(in: world, changing: false) { (rules, _) throws(Refusal) in
        try rules.isSuperseded(stream.instance, on: stream.product)
      }
      send(isSuperseded ? .superseded : .end, on: stream, in: world)
      streamEnded(stream, in: world)
    } catch {
      later(Self.retry, in: world) { world in self.sendCommands(on: stream, in: world) }
    }
  }

  /// The stream is over, as this broker sees it.
  func streamEnded(_ stream: DeviceStream, in world: ServiceWorld) {
    guard stream.isOpenAtBroker, isAlive(stream.brokerLife) else { return }
    stream.isOpenAtBroker = false
    streams.removeAll { $0 === stream }
    step(in: world) { world in
      try? self.use(in: world) { (rules, _) throws(Refusal) in
        try rules.detach(stream.product, epoch: stream.epoch)
      }
    }
  }

  private func send(
    _ message: DeviceMessage, on stream: DeviceStream, in world: ServiceWorld
  ) {
    guard isAlive(stream.brokerLife), !stream.isCut,
      case .agent(let index) = stream.way.party
    else { return }
    let arrival = max(
      stream.lastArrival, world.now + world.network.delay(using: &world.random))
    stream.lastArrival = arrival
    world.schedule(after: arrival - world.now) { (world) throws(BrokenPromise) in
      guard !stream.isCut else { return }
      try world.agents[index].take(message, from: stream, in: world)
    }
  }

  /// A device tells of itself.
  func serveReport(
    _ exchange: Exchange<DeviceReportReceipt>, token: String, _ report: DeviceReport,
    in world: ServiceWorld
  ) {
    step(in: world) { world in
      do throws(Refusal) {
        let caller = try self.use(in: world, changing: false) { (rules, _) throws(Refusal) in
          try rules.authenticate(token)
        }
        self.step(in: world) { world in
          do throws(Refusal) {
            let receipt = try self.use(in: world) { (rules, _) throws(Refusal) in
              try rules.receive(report, from: caller)
            }
            for stream in self.streams where stream.product == caller.product {
              stream.beats = 0
              self.sendCommands(on: stream, in: world)
            }
            exchange.answer(.success(receipt), in: world)
          } catch {
            exchange.answer(.failure(error), in: world)
          }
        }
      } catch {
        exchange.answer(.failure(error), in: world)
      }
    }
  }

  // A gateway (CS-25)

  func serveGrants(
    _ exchange: Exchange<GrantStream>, token: String, gatewayLife: Int, in world: ServiceWorld
  ) {
    step(in: world) { world in
      do throws(Refusal) {
        let caller = try self.use(in: world, changing: false) { (rules, _) throws(Refusal) in
          try rules.authenticate(token)
        }
        guard let head = self.head else { throw .unreachable }
        try self.use(in: world) { (rules, _) throws(Refusal) in
          try rules.gatewayAttached(caller)
        }
        let stream = GrantStream(
          exchange.way, brokerLife: self.life, gatewayLife: gatewayLife, cursor: head)
        self.step(in: world) { world in self.begin(stream, exchange, in: world) }
      } catch {
        exchange.answer(.failure(error), in: world)
      }
    }
  }

  /// All grants first. The cursor was read before they are: what happens in between is said twice,
  /// never missed.
  private func begin(
    _ stream: GrantStream, _ exchange: Exchange<GrantStream>, in world: ServiceWorld
  ) {
    do throws(Refusal) {
      let grants = try use(in: world, changing: false) { (rules, _) throws(Refusal) in
        try rules.grants()
      }
      guard let arrival = exchange.answer(.success(stream), in: world) else { return }
      stream.lastArrival = arrival
      grantStreams.append(stream)
      send(.all(grants: grants), on: stream, in: world)
      // Events that were read since the cursor.
      let missed = try use(in: world, changing: false) { (rules, _) throws(Refusal) in
        try rules.follow(after: stream.cursor, limit: 200)
      }
      pass(missed.filter { $0.sequence <= head ?? 0 }, on: stream, in: world)
    } catch {
      exchange.answer(.failure(error), in: world)
      world.cut(stream)
    }
  }

  /// Each change in the order of the events; a gateway that missed one begins anew.
  func pass(_ events: [ServiceEvent], on stream: GrantStream, in world: ServiceWorld) {
    for event in events where event.sequence > stream.cursor && stream.isOpenAtBroker {
      do throws(Refusal) {
        let change = try use(in: world, changing: false) { (rules, _) throws(Refusal) in
          try rules.grantChange(for: event)
        }
        stream.cursor = event.sequence
        if let change { send(change, on: stream, in: world) }
      } catch {
        world.cut(stream)
      }
    }
  }

  /// The stream is over, as this broker sees it.
  func streamEnded(_ stream: GrantStream, in world: ServiceWorld) {
    guard stream.isOpenAtBroker, isAlive(stream.brokerLife) else { return }
    stream.isOpenAtBroker = false
    grantStreams.removeAll { $0 === stream }
  }

  private func send(_ change: GrantChange, on stream: GrantStream, in world: ServiceWorld) {
    guard isAlive(stream.brokerLife), !stream.isCut else { return }
    let arrival = max(
      stream.lastArrival, world.now + world.network.delay(using: &world.random))
    stream.lastArrival = arrival
    world.schedule(after: arrival - world.now) { world in
      guard !stream.isCut else { return }
      world.gateway.take(change, from: stream, in: world)
    }
  }
}
