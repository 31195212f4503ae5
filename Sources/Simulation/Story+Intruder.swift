import Primitives

// What somebody on the path does who knows no secret.
extension Story {
  /// Somebody stands between a client and the gateway for a while.
  mutating func standBetween(_ index: Int, in world: inout World) throws {
    let deeds = Interception.Deed.allCases.filter { !$0.isFollowed || cast.natTraversal == .off }
    let deed = deeds.randomElement(using: &random) ?? .weakensOffer
    world.count("act: somebody \(deed)")
    guard deed.needsFreshClient || Bool.random(using: &random) else {
      world.intercept(index, deed)
      try world.run(for: pause())
      world.endInterception()
      return
    }
    try world.replace(index, cast)
    // What the client sent before its crash has arrived by then.
    try world.run(for: .seconds(1))
    world.intercept(index, deed)
    try dial(index, nil, in: &world)
    try world.run(for: .milliseconds(Int.random(in: 500...20_000, using: &random)))
    if Bool.random(using: &random) { try chat(in: &world) }
    world.endInterception()
  }

  /// What has arrived at the gateway comes once more.
  mutating func replayOld(in world: inout World) throws(BrokenPromise) {
    world.count("act: what has arrived is replayed")
    for _ in 0..<Int.random(in: 1...8, using: &random) {
      let isISAKMP = Bool.random(using: &random)
      let arrived = isISAKMP ? world.intruder.arrivedISAKMP : world.intruder.arrived
      guard let packet = arrived.randomElement(using: &random) else { return }
      world.replayArrived(packet, fromElsewhere: Bool.random(using: &random))
      try world.run(for: .milliseconds(Int.random(in: 0...50, using: &random)))
    }
  }

  mutating func forge(in world: inout World) throws(BrokenPromise) {
    for _ in 0..<Int.random(in: 1...4, using: &random) {
      guard let conversation = world.intruder.conversations.randomElement(using: &random),
        let forgery = Forgery.allCases.randomElement(using: &random)
      else { return }
      world.count("act: somebody \(forgery)")
      try world.forge(
        forgery, in: conversation, toGateway: Bool.random(using: &random),
        asPeer: Int.random(in: 0..<4, using: &random) > 0)
      try world.run(for: .milliseconds(Int.random(in: 0...50, using: &random)))
    }
  }

  mutating func flood(_ index: Int, in world: inout World) throws(BrokenPromise) {
    guard cast.halfOpenPerAddressMax <= 8, world.intruder.firstMessage != nil else { return }
    world.count("act: a flood of main modes")
    let isSpoofed = Int.random(in: 0..<4, using: &random) == 0
    world.flood(
      Int.random(in: 8...24, using: &random),
      from: isSpoofed ? cast.clientAddress(index) : cast.intruderAddress)
    try world.run(for: .milliseconds(Int.random(in: 100...1_000, using: &random)))
  }

  /// Whoever asks for a tunnel outside IPsec gets none, or has to know its secret.
  mutating func askWithoutIPsec(in world: inout World) throws(BrokenPromise) {
    world.count("act: a tunnel without IPsec is asked for")
    let names = [
      ["client0"], [Cast.clearHostName], [Cast.clearHostName, "client0"],
    ].randomElement(using: &random)
    world.openClearTunnel(
      as: names ?? [], proof: ClearPeer.Proof.allCases.randomElement(using: &random) ?? .none)
    try world.run(for: .milliseconds(Int.random(in: 100...1_000, using: &random)))
  }
}
