import AgentService
import Primitives
import Testing

@Suite struct BackoffTests {
  @Test func theBoundDoublesFromOneSecondToSixty() {
    var random = SeededRandom(seed: 1)
    var backoff = ReconnectionBackoff()
    var bounds: [Int64] = []
    for _ in 0..<9 {
      bounds.append(backoff.bound.wholeSeconds)
      let bound = backoff.bound
      let pause = backoff.next(using: &random)
      #expect(pause >= .zero && pause <= bound)
    }
    #expect(bounds == [1, 2, 4, 8, 16, 32, 60, 60, 60])
    backoff.reset()
    #expect(backoff.bound == .seconds(1))
  }

  @Test func aThousandDevicesDoNotComeBackTogether() {
    var random = SeededRandom(seed: 2)
    let pauses = (0..<1000).map { _ in
      var backoff = ReconnectionBackoff()
      return backoff.next(using: &random)
    }
    for tenth in 0..<10 {
      let range = Duration.milliseconds(100 * tenth)..<Duration.milliseconds(100 * tenth + 100)
      #expect((60...140).contains(pauses.count(where: range.contains)))
    }
  }
}
