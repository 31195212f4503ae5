import Primitives
import Testing

@testable import IKE

@Suite(.timeLimit(.minutes(5))) struct PhaseTwoLimitTests {
  /// SAs that are still in use do not give way.
  @Test func aConnectionHasItsMaximumOfIPsecSAsAndNotOneMore() throws {
    var pair = try makePair(right: { $0.limits.phase2SAsPerConnectionMax = 3 })
    _ = pair.connect()
    pair.run(for: .seconds(1))
    for messageID in UInt32(5)...7 {
      pair.forgeQuickMode1(
        [Forge.espAssociation(), Forge.nonce] + Forge.selectors(), messageID: messageID)
    }
    #expect(pair.rightEvents.children.count == 3)
    #expect(
      pair.rightEvents.notes(.quickModeRefused).map(\.detail)
        == ["too many IPsec SAs on one connection"])
  }
}
