import Cryptography
import Primitives
import Testing

@Suite(.timeLimit(.minutes(5))) struct SystemRandomTests {
  @Test func copiesDoNotRepeatEachOthersNumbers() {
    var original = SystemRandom()
    var copy = original
    let numbers = (0..<100).flatMap { _ in [original.next(), copy.next()] }
    #expect(Set(numbers).count == 200)
  }

  @Test func everyBitIsSometimesSetAndSometimesClear() {
    var random = SystemRandom()
    let words = (0..<200).map { _ in random.next() }
    #expect(words.reduce(0, |) == UInt64.max)
    #expect(words.reduce(UInt64.max, &) == 0)
  }
}
