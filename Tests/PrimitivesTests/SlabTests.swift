import Primitives
import Testing

/// Counts itself, to show what a slab destroys.
private struct Counted: ~Copyable, Sendable {
  let number: Int
  let log: Log

  final class Log: Sendable {
    private nonisolated(unsafe) var destroyed: [Int] = []
    func add(_ number: Int) { unsafe destroyed.append(number) }
    var numbers: [Int] { unsafe destroyed }
  }

  deinit { log.add(number) }
}

@Suite(.timeLimit(.minutes(5))) struct SlabTests {
  @Test func indicesAreStableAndFreedOnesComeAgain() {
    let log = Counted.Log()
    do {
      var slab = Slab<Counted>(countMax: 3)
      let indices = (0..<3).map { slab.insert(Counted(number: $0, log: log)) }
      #expect(indices == [0, 1, 2])
      let isFull = slab.isFull
      #expect(isFull)
      _ = slab.remove(at: 1)
      #expect(log.numbers == [1])
      let taken = [-1, 0, 1, 2, 3].map { slab.isTaken($0) }
      #expect(taken == [false, true, false, true, false])
      let again = slab.insert(Counted(number: 7, log: log))
      #expect(again == 1)
      let numbers = (0..<slab.indexEnd).map { slab[$0].number }
      #expect(numbers == [0, 7, 2])
      _ = slab.remove(at: 0)
    }
    // The rest goes with the slab, each element once.
    #expect(log.numbers.sorted() == [0, 1, 2, 7])
  }

  @Test func fixedArraysKeepWhatIsStored() {
    var table = FixedArray(repeating: "", count: 3)
    table[1] = "b"
    table[2] += "c"
    let contents = (0..<table.count).map { table[$0] }
    #expect(contents == ["", "b", "c"])
  }
}
