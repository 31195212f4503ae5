import ConnectionService
import Primitives
import Testing

@Suite(.timeLimit(.minutes(5))) struct ReconnectDelayTests {
  @Test func cs20TheBoundDoublesFromOneSecondToSixty() {
    var delay = ReconnectDelay()
    var random = SeededRandom(seed: 1)
    let bounds = (0..<9).map { _ in
      let bound = delay.bound
      let wait = delay.next(using: &random)
      #expect(wait >= .zero && wait <= bound)
      return bound
    }
    #expect(bounds == [1, 2, 4, 8, 16, 32, 60, 60, 60].map { .seconds($0) })
  }

  @Test func aStreamThatStoodBeginsAgain() {
    var delay = ReconnectDelay()
    var random = SeededRandom(seed: 2)
    for _ in 0..<5 { _ = delay.next(using: &random) }
    delay.reset()
    #expect(delay == ReconnectDelay())
  }

  /// Full jitter: every part of the time up to the bound is used about equally often.
  @Test func cs20WaitsAreSpreadOverTheWholeBound() {
    var random = SeededRandom(seed: 3)
    var quarters = [0, 0, 0, 0]
    for _ in 0..<4_000 {
      var delay = ReconnectDelay()
      let wait = delay.next(using: &random)
      quarters[min(3, Int(wait / Duration.milliseconds(250)))] += 1
    }
    #expect(quarters.allSatisfy { (850...1_150).contains($0) })
  }
}
