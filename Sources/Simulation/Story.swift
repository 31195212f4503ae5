import Endpoint
import Gateway
import IKE
import Primitives

/// A run made up from one seed: who takes part, what the network does, what people and machines do,
/// and the promises that must hold all the while.
public struct Story: Sendable {
  public let seed: UInt64
  var random: SeededRandom
  var cast = Cast()
  let clientCount: Int
  private let fault: TunnelFault?
  /// Clients behind the NAT.
  let hidden: Set<Int>
  /// Worst conditions of this story.
  private let isRough: Bool

  /// - Parameter fault: what is wrong on purpose.
  public init(seed: UInt64, fault: TunnelFault? = nil) {
    self.seed = seed
    self.fault = fault
    random = SeededRandom(seed: seed)
    cast = Cast.random(using: &random)
    let count = Int.random(in: 1...4, using: &random)
    clientCount = count
    var hidden: Set<Int> = []
    if Bool.random(using: &random) {
      for index in 0..<count where Int.random(in: 0..<4, using: &random) > 0 {
        hidden.insert(index)
      }
    }
    isRough = Bool.random(using: &random)
    cast.isIPv6 = Int.random(in: 0..<3, using: &random) == 0
    // There is no address translation in IPv6, and none without NAT traversal.
    if cast.isIPv6 { hidden = [] }
    if hidden.isEmpty, Bool.random(using: &random) { cast.natTraversal = .off }
    self.hidden = hidden
  }

  /// Plays the story to its end or to the first broken promise.
  ///
  /// - Throws: only when the run could not begin.
  public mutating func play() throws -> Play {
    var network = VirtualNetwork(conditions: conditions())
    if !hidden.isEmpty {
      network.addNAT(outer: Cast.natAddress, hiding: Set(hidden.map(cast.clientAddress)))
    }
    var world = try World(cast, network: network, seed: random.next(), fault: fault)
    if cast.isIPv6 { world.count("IPv6 outside") }
    do {
      try begin(&world)
      for _ in 0..<Int.random(in: 5...40, using: &random) {
        try act(in: &world)
        try world.run(for: pause())
      }
      try end(&world)
      return Play(trace: world.trace, tally: world.tally, broken: nil)
    } catch let broken as BrokenPromise {
      return Play(trace: world.trace, tally: world.tally, broken: broken)
    }
  }

  private mutating func begin(_ world: inout World) throws {
    for _ in 0..<clientCount {
      let mistake = drawMistake()
      let client = try world.add(cast, mistake: mistake)
      try dial(client, mistake, in: &world)
      try world.run(for: .milliseconds(Int.random(in: 0...5_000, using: &random)))
    }
  }

  func dial(
    _ index: Int, _ mistake: Cast.Mistake?, in world: inout World
  ) throws(BrokenPromise) {
    world.note("client \(index) dials\(mistake.map { ", wrong \($0)" } ?? "")")
    try world.dial(index, cast, mistake: mistake)
  }

  /// One in seven has something wrong.
  mutating func drawMistake() -> Cast.Mistake? {
    Int.random(in: 0..<7, using: &random) == 0
      ? Cast.Mistake.allCases.randomElement(using: &random) : nil
  }

  /// Mostly seconds, now and then long enough for every timer.
  mutating func pause() -> Duration {
    let isLong = Int.random(in: 0..<12, using: &random) == 0
    return .milliseconds(Int.random(in: 0...(isLong ? 400_000 : 15_000), using: &random))
  }

  mutating func conditions() -> NetworkConditions {
    let isCalm = !isRough || Int.random(in: 0..<3, using: &random) == 0
    return NetworkConditions(
      lossPerMille: isCalm ? 0 : [10, 50, 150].randomElement(using: &random) ?? 0,
      duplicatePerMille: [0, 20, 100].randomElement(using: &random) ?? 0,
      corruptPerMille: isCalm ? 0 : [0, 0, 20].randomElement(using: &random) ?? 0,
      delay: .milliseconds(5)...(.milliseconds([5, 40, 300].randomElement(using: &random) ?? 5)))
  }

  /// Everybody leaves; after the longest timer nothing may be left anywhere.
  private mutating func end(_ world: inout World) throws(BrokenPromise) {
    world.note("the end: the network is healed and everybody leaves")
    world.endInterception()
    world.network.isCut = false
    world.network.conditions = NetworkConditions()
    for index in 0..<clientCount {
      try world.act(on: index) { $0.close(.requested, at: $1, using: &$2) }
    }
    // A client that crashed is found dead after the timeout; its tunnel's records last for the
    // destruct timeout, and an IPsec connection without a tunnel until its lifetime is over.
    try world.run(for: .seconds(200) + cast.rules.destructTimeout)
    try world.actOnGateway { $0.host.endpoint.shutDown(at: $1, using: &$2) }
    try world.run(for: .seconds(400) + cast.rules.destructTimeout)
    try ResidueChecker.check(
      "gateway", world.gatewayResidue, isAllOver: world.gatewayWatch.isAllOver, at: world.now)
    for (index, client) in world.clients.enumerated() {
      try ResidueChecker.check(
        "client \(index)", client.host.residue, isAllOver: client.watch.isAllOver, at: world.now)
    }
  }
}

/// What a story came to.
public struct Play: Sendable, Equatable {
  public var trace: Trace
  public var tally: Tally
  /// The promise that ended it early.
  public var broken: BrokenPromise?
}
