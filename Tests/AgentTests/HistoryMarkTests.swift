import ConnectionService
import Primitives
import Testing

@testable import Agent

/// How a device's history and the broker's copy of it stay one count.
@Suite(.timeLimit(.minutes(5))) struct HistoryMarkTests {
  /// What a report has of the lines that the broker lacks.
  private func sequences(_ bench: borrowing ConnectionBench) -> [UInt64] {
    guard let mark = bench.agent.historyMark else { return [] }
    let lines = (mark.acknowledged..<bench.agent.historySequence).map { before in
      HistoryEvent(sequence: before + 1, time: bench.time, kind: .agentStarted)
    }
    return mark.reported(lines).map(\.sequence)
  }

  @Test func aHistoryThatWasNeverReportedGoesOnBehindTheBrokersLines() throws {
    var bench = ConnectionBench()
    _ = bench.bringUp()
    // Shorter than what it wrote: lines of the two histories would be taken for each other.
    bench.agent.historyAcknowledged(through: 2)
    #expect(bench.agent.historyMark == HistoryMark(acknowledged: 0, offset: 2))
    #expect(sequences(bench) == [3, 4, 5])
    bench.agent.historyAcknowledged(through: 4)
    #expect(bench.agent.historyAcknowledged == 2)
    #expect(sequences(bench) == [5])
    bench.agent.historyAcknowledged(through: 5)
    #expect(bench.agent.historyAcknowledged == bench.agent.historySequence)
  }

  @Test func aHistoryThatFellBackGoesOnBehindTheBrokersLines() throws {
    var bench = ConnectionBench(
      after: Remainder(historySequence: 7, historyMark: HistoryMark(acknowledged: 7)))
    _ = bench.bringUp()
    bench.agent.historyAcknowledged(through: 80)
    #expect(bench.agent.historyAcknowledged == 7)
    #expect(sequences(bench) == [81, 82, 83])
    // Nor does it move a second time.
    bench.agent.historyAcknowledged(through: 83)
    #expect(bench.agent.historyMark == HistoryMark(acknowledged: 10, offset: 73))
  }

  @Test func aBrokerWithLessThanTheOffsetIsToldEverything() {
    var mark = HistoryMark(acknowledged: 3, offset: 80)
    mark.advance(through: 5, reportedMax: 84)
    #expect(mark == HistoryMark(acknowledged: 0, offset: 80))
  }

  @Test(arguments: [HistoryMark.sequenceMax + 1, .max])
  func aCountThatNoHistoryReachesIsIgnored(_ sequence: UInt64) {
    var mark = HistoryMark(acknowledged: 3)
    mark.advance(through: sequence, reportedMax: 4)
    #expect(mark == HistoryMark(acknowledged: 3))
    mark.advance(through: HistoryMark.sequenceMax, reportedMax: 4)
    #expect(mark.offset == HistoryMark.sequenceMax - 3)
  }
}
