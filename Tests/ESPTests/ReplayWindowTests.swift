import ESP
import Primitives
import Testing

/// What RFC 4303 §3.4.3 says, in as many words.
private struct NaiveWindow {
  var size: UInt32
  var highest: UInt32 = 0
  var seen: Set<UInt32> = []

  mutating func accept(_ sequence: UInt32) -> Bool {
    if sequence == 0 || seen.contains(sequence) { return false }
    if sequence < highest, highest - sequence >= size { return false }
    seen.insert(sequence)
    highest = max(highest, sequence)
    return true
  }
}

@Suite(.timeLimit(.minutes(5))) struct ReplayWindowTests {
  @Test(arguments: [1, 32, 64, 65, 100, 512, 1_000, 1_023, 1_024])
  func itJudgesAsTheNaiveModelDoes(size: Int) {
    var random = SeededRandom(seed: UInt64(size))
    for spread in [3, 40, 200, 3_000] {
      var window = ReplayWindow(size: size)
      var model = NaiveWindow(size: UInt32(size))
      for _ in 0..<3_000 {
        let around = Int(model.highest) + Int.random(in: -2 * spread...spread, using: &random)
        let sequence = UInt32(clamping: around)
        let admitted = window.admits(sequence)
        let accepted = window.accept(sequence)
        #expect(admitted == accepted)
        #expect(accepted == model.accept(sequence))
        #expect(window.highest == model.highest)
      }
    }
  }

  @Test func badInput34TheEdgesOfTheWindowAreExact() {
    for size in [1, 64, 1_024] {
      var window = ReplayWindow(size: size)
      let first = window.accept(5_000)
      #expect(first)
      #expect(!window.admits(5_000))
      #expect(window.admits(UInt32(5_000 - size + 1)) == (size > 1))
      #expect(!window.admits(UInt32(5_000 - size)))
      #expect(!window.admits(0))
    }
  }

  @Test func badInput34AJumpOfHalfTheNumbersClearsWhatWasSeen() {
    var window = ReplayWindow(size: 1_024)
    for sequence in 1...1_024 as ClosedRange<UInt32> {
      let accepted = window.accept(sequence)
      #expect(accepted)
    }
    let jumped = window.accept(1_024 + 0x8000_0000)
    #expect(jumped)
    #expect(!window.admits(1_024))
    #expect(window.admits(0x8000_0000 + 1_023))
    let last = window.accept(.max)
    #expect(last)
    #expect(!window.admits(.max))
    #expect(window.admits(.max - 1_023))
    #expect(!window.admits(.max - 1_024))
  }

  @Test func sizesBeyondTheLimitsBecomeTheNearest() {
    #expect(ReplayWindow(size: 0).size == 1)
    #expect(ReplayWindow(size: 1_024).size == 1_024)
    #expect(ReplayWindow(size: 1_025).size == 1_024)
    #expect(ReplayWindow().size == 64)
  }
}
