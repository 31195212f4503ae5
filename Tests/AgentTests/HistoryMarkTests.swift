import ConnectionService
import Primitives
import Testing

@testable import Agent

/// How a device's history and the broker's copy of it stay one count.
@Suite(.timeLimit(.minutes(5))) struct HistoryMarkTests {
  /// A history of so many lines, of which the broker has the first ones.
  private func bench(lines: UInt64, acknowledged: UInt64) -> ConnectionBench {
    ConnectionBench(
      after: Remainder(
        historyMark: HistoryMark(id: ConnectionBench.history, acknowledged: acknowledged),
        historySequence: lines))
  }

  @Test func cs15TheFirstReportOfAHistoryHasItsFirstLine() {
    let bench = ConnectionBench()
    #expect(bench.untold.map(\.sequence) == [1])
    #expect(bench.agent.historyMark == HistoryMark(id: ConnectionBench.history))
  }

  @Test func cs15ACopyThatTheBrokerIsAheadOfGoesOnAsAHistoryOfItsOwn() {
    var bench = bench(lines: 9, acknowledged: 7)
    bench.report(acknowledged: 11)
    let mark = bench.agent.historyMark
    #expect(mark.id != ConnectionBench.history)
    #expect(mark.acknowledged == 7)
    #expect(bench.untold.map(\.sequence) == [8, 9, 10])
    // Under its new name it is told to the end.
    bench.report(acknowledged: 10)
    #expect(bench.agent.historyMark == HistoryMark(id: mark.id, acknowledged: 10))
  }

  @Test func linesThatWereWrittenMeanwhileHideNoCopy() {
    var bench = ConnectionBench()
    let report = DeviceReport(
      epoch: 1, answers: [], state: bench.agent.state, historyID: ConnectionBench.history,
      history: bench.untold)
    _ = bench.bringUp()
    #expect(bench.agent.historySequence == 3)
    bench.agent.historyAcknowledged(through: 2, of: report, using: &bench.random)
    #expect(bench.agent.historyMark.id != ConnectionBench.history)
    #expect(bench.agent.historyAcknowledged == 0)
  }

  @Test func aReportWithoutLinesIsAnsweredWithTheMark() {
    var bench = bench(lines: 7, acknowledged: 8)
    #expect(bench.untold.isEmpty)
    bench.report(acknowledged: 8)
    #expect(bench.agent.historyMark == HistoryMark(id: ConnectionBench.history, acknowledged: 8))
    bench.report(acknowledged: 9)
    #expect(bench.agent.historyMark.id != ConnectionBench.history)
  }

  @Test func theReceiptOfAnotherHistorysReportIsIgnored() {
    var bench = bench(lines: 9, acknowledged: 7)
    let former = DeviceReport(
      epoch: 1, answers: [], state: bench.agent.state, historyID: ConnectionBench.history,
      history: bench.untold)
    bench.report(acknowledged: 50)
    let mark = bench.agent.historyMark
    bench.agent.historyAcknowledged(through: 10, of: former, using: &bench.random)
    #expect(bench.agent.historyMark == mark)
  }
}
