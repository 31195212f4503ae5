import Primitives

// Streams that are cut: what is on its way is lost, and each end learns it by itself.
extension ServiceWorld {
  /// A broker finds out when it writes a heartbeat.
  private static let brokerNoticesSeconds: Int64 = 30
  private static let agentNoticesSeconds: Int64 = 45

  func cut(_ stream: DeviceStream) {
    guard !stream.isCut else { return }
    stream.isCut = true
    let broker = brokers[stream.way.broker]
    later(atMostSeconds: Self.brokerNoticesSeconds) { world in
      broker.streamEnded(stream, in: world)
    }
    guard case .agent(let index) = stream.way.party else { return }
    later(atMostSeconds: Self.agentNoticesSeconds) { world in
      world.agents[index].streamEnded(stream, in: world)
    }
  }

  func cut(_ stream: GrantStream) {
    guard !stream.isCut else { return }
    stream.isCut = true
    let broker = brokers[stream.way.broker]
    later(atMostSeconds: Self.brokerNoticesSeconds) { world in
      broker.streamEnded(stream, in: world)
    }
    later(atMostSeconds: Self.agentNoticesSeconds) { world in
      world.gateway.streamEnded(stream, in: world)
    }
  }

  /// Nothing passes any more, and nobody says so.
  func cut(_ way: Way) {
    network.cut.insert(way)
    for stream in brokers[way.broker].streams where stream.way == way { cut(stream) }
    for stream in brokers[way.broker].grantStreams where stream.way == way { cut(stream) }
  }

  /// At once, as often as not.
  private func later(atMostSeconds: Int64, _ occasion: @escaping Occasion) {
    let isQuick = Bool.random(using: &random)
    let milliseconds = Int64.random(in: 0...(isQuick ? 20 : atMostSeconds * 1_000), using: &random)
    schedule(after: .milliseconds(milliseconds), occasion)
  }
}
