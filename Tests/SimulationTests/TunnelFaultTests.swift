import Simulation
import Testing

/// Every fault that is put into tunnels on purpose is noticed, and as what it is.
@Suite(.timeLimit(.minutes(5))) struct TunnelFaultTests {
  @Test(arguments: [
    (TunnelFault.admitsAnybody, ["admission"]),
    (.takesTheWeaker, ["algorithms"]),
    (.overlooksTampering, ["tampering"]),
    (.followsReplays, ["elsewhere"]),
    (.believesForgeries, ["forgery"]),
    (.keepsHalfOpen, ["half-open"]),
    (.takesClearTunnels, ["IPsec only"]),
    (.asksNoTunnelSecret, ["admission", "tunnel secret"]),
    (.forgetsSingleShot, ["LT-4", "LT-5", "LT-6", "LT-7", "LT-8"]),
    (.idlesLonger, ["LT-1"]),
    (.forgetsLate, ["LT-2"]),
    (.retransmitsLate, ["IK-2", "IK-4"]),
    (.retriesTooOften, ["IK-13"]),
    (.overlooksInactivity, ["inactivity"]),
    (.overlooksDeadPeer, ["DPD"]),
    (.dialsAgain, ["CS-5", "one life"]),
    (.deliversTwice, ["replay"]),
    (.mixesUsersUp, ["cross-talk"]),
    (.passesSpoofed, ["spoofing"]),
    (.losesPackets, ["no loss"]),
    (.hidesEnds, ["order", "one reason"]),
    (.repeatsEnds, ["one reason"]),
    (.countsKeepalives, ["user activity"]),
    (.leavesSomething, ["nothing left"]),
  ])
  func isNoticed(_ fault: TunnelFault, as rules: [String]) throws {
    var noticed: Set<String> = []
    for seed in 0..<40 as Range<UInt64> {
      var story = Story(seed: seed, fault: fault)
      guard let broken = try story.play().broken else { continue }
      if rules.contains(broken.rule) { return }
      noticed.insert(broken.rule)
    }
    Issue.record("noticed as \(noticed.sorted()) only")
  }
}
