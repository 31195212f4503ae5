import ConnectionService
import Primitives
import Testing

@testable import Broker

/// Whatever happens to a chain of brokers, when it comes to rest their books agree.
@Suite(.timeLimit(.minutes(5))) struct RelayRandomLifeTests {
  private static let steps = 300

  @Test(arguments: 1...5 as ClosedRange<UInt64>)
  func theBooksOfBothBrokersAgreeAtRest(seed: UInt64) throws {
    var random = SeededRandom(seed: seed)
    let chain = try RelayChain()
    for _ in 0..<Self.steps {
      do { try Self.step(chain, &random) } catch is Refusal {}
    }
    try Self.rest(chain)
    try Self.check(chain)
  }

  /// Something that one of the parts does, or that happens to it; some of it is refused.
  private static func step(_ chain: RelayChain, _ random: inout SeededRandom) throws {
    if !chain.isReachable, Int.random(in: 0..<3, using: &random) == 0 { try chain.reach() }
    switch Int.random(in: 0..<14, using: &random) {
    case 0, 1, 2: _ = try chain.connect(by: Bool.random(using: &random) ? nil : chain.ours.bob)
    case 3, 4:
      guard let view = try chain.live().randomElement(using: &random) else { return }
      _ = try chain.ours.broker.close(view.id, key: nil, by: chain.ours.admin)
    case 5: _ = try chain.ours.broker.closeAll(chain.product, key: nil, by: chain.ours.ann)
    case 6, 7: try chain.device.work(chain.carrier.broker, using: &chain.carrier.random)
    case 8:
      chain.device.loseTunnel(.deadPeer)
      try chain.device.report(to: chain.carrier.broker)
    case 9: try chain.lose()
    case 10: try chain.restart()
    case 11: _ = try chain.carrier.connect(chain.device, by: chain.carrier.bob)
    case 12:
      let theirs = try chain.carrier.live(chain.device)
      guard let view = theirs.randomElement(using: &random)?.view else { return }
      _ = try chain.carrier.broker.close(view.id, key: nil, by: chain.carrier.admin)
    default:
      try pass(.seconds(Int.random(in: 1...25, using: &random)), chain)
    }
    if Bool.random(using: &random) { try chain.settle() }
  }

  private static func pass(_ duration: Duration, _ chain: RelayChain) throws {
    chain.advance(duration)
    try chain.carrier.broker.renew(
      chain.product, epoch: chain.device.epoch, as: chain.device.instance)
    if chain.isReachable {
      try chain.ours.broker.renew(
        chain.product, epoch: chain.ours.epoch(of: chain.product), as: nil)
    }
    try chain.carrier.broker.sweep()
    try chain.ours.broker.sweep()
  }

  private static func rest(_ chain: RelayChain) throws {
    if !chain.isReachable { try chain.reach() }
    for _ in 0..<10 {
      try pass(.seconds(20), chain)
      try chain.run()
    }
  }

  private static func check(_ chain: RelayChain) throws {
    let claims = try chain.claims()
    let live = try chain.live()
    #expect(live.map(\.id).sorted() == claims.keys.sorted())
    #expect(live.allSatisfy { $0.phase == .up })
    #expect(claims.values.allSatisfy { chain.device.connections.contains($0.id) })

    // Nothing was dialled twice, or by itself.
    let asked = try chain.carrier.events(.connectRequested).filter { $0.actor == "acme" }
    let names = asked.compactMap { $0.note.flatMap { RelayNote($0) }?.connection }
    #expect(names.count == asked.count)
    #expect(names.count > 5, "a life in which nothing happens proves nothing")
    #expect(Set(names).count == names.count)

    // Every tunnel that was lost is lost once, at both.
    let lost = try chain.carrier.events(.tunnelUnexpectedClose).map(\.tunnel)
    #expect(try chain.ours.events(.tunnelUnexpectedClose).map(\.tunnel) == lost)
    #expect(Set(lost).count == lost.count)

    for (event, name) in zip(asked, names) {
      let ours = try chain.ours.view(name)
      let theirs = try chain.carrier.view(try #require(event.connection))
      guard theirs.phase == .closed, ours.upAt != nil, ours.closedBy == nil else { continue }
      #expect(ours.reason == theirs.reason, "\(name)")
    }
  }
}
