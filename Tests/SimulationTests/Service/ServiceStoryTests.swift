import Simulation
import Testing

/// Stories of the whole connection service, made up from seeds.
@Suite(.timeLimit(.minutes(5))) struct ServiceStoryTests {
  @Test func theSameSeedGivesTheSameTrace() throws {
    for seed in [3, 4, 5] as [UInt64] {
      var first = ServiceStory(seed: seed)
      var second = ServiceStory(seed: seed)
      let one = try first.play()
      let two = try second.play()
      #expect(one == two)
      #expect(one.trace.lines.count > 50)
    }
  }

  /// A hundred, and those beyond that a promise was once broken in.
  private static let fixedSeeds: [UInt64] =
    Array(0..<100) + [3_275_107_315, 3_275_108_458, 3_275_108_945, 4_197_066_295]

  @Test(arguments: ServiceStoryTests.fixedSeeds)
  func fixedSeedsKeepEveryPromise(_ seed: UInt64) throws {
    var story = ServiceStory(seed: seed)
    let play = try story.play()
    #expect(
      play.broken == nil,
      "again: swift run simulate --service --seed \(seed)")
  }

  /// A checker that has nothing to look at is no checker.
  @Test func fixedSeedsCoverWhatTheyAreFor() throws {
    var tally = Tally()
    for seed in 0..<100 as Range<UInt64> {
      var story = ServiceStory(seed: seed)
      tally += try story.play().tally
    }
    for what in [
      "connect: up", "connect: connectionLimit", "connect: deviceOffline",
      "connect: deviceTimeout", "connect: establishmentFailed", "connect: tunnelClosing",
      "connect: deviceUnknown", "connect: storeUnavailable", "connect: brokerUnreachable",
      "close: connectionClosed", "close: connectionUnknown", "close: forbidden", "closeall: done",
      "agent killed between two steps", "act: agent killed, up", "act: agent killed, establishing",
      "agent superseded", "attach handled late", "store failed at a call", "act: gateway restarts",
      "act: device removed", "act: clock moved", "report failed: epochOutdated",
      "tunnel lost: inactivity", "tunnel lost: deadPeer", "VPN agent vanished",
      "history: unexpectedClose", "event: tunnel.unexpectedClose", "pair allowed", "pair denied",
      "reason: lastConnectionClosed", "reason: closeAll", "reason: localVeto",
      "event: device.detached", "ledgers equal at rest",
    ] {
      #expect(tally[what] > 0, "no story has \(what)")
    }
  }
}
