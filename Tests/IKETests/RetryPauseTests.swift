import Primitives
import Testing

@testable import IKE

@Suite(.timeLimit(.minutes(5))) struct RetryPauseTests {
  /// Peers that lost one gateway at one instant must not come back at one instant.
  @Test(arguments: [(1, 1), (2, 2), (3, 4), (6, 32), (7, 60), (16, 60)])
  func ik14ThePauseDoublesUpToAMinuteAndSpreadsByAFifthEachWay(
    _ number: Int, _ seconds: Int
  ) {
    let policy = ISAKMPPolicy(name: "p", peer: .any)
    let middle = Duration.seconds(seconds)
    var random = SeededRandom(seed: 1)
    var pauses: [Duration] = []
    for _ in 0..<200 {
      pauses.append(ISAKMPEngine.retryPause(before: number, policy: policy, using: &random))
    }
    #expect(pauses.allSatisfy { $0 >= middle * 4 / 5 && $0 <= middle * 6 / 5 })
    #expect(pauses.contains { $0 < middle * 9 / 10 })
    #expect(pauses.contains { $0 > middle * 11 / 10 })
  }
}
