import ConnectionService
import GRDB
import Primitives
import Programs
import Testing

@testable import AgentService

@Suite(.timeLimit(.minutes(5))) struct AgentCoreTests {
  /// A report takes its time; what is answered meanwhile is in the next one.
  @Test func anAnswerThatCameDuringAReportIsNotLost() throws {
    let folder = try TemporaryFolder()
    var core = try AgentCore.make(
      history: try folder.history(), dialler: MemoryDialler(), logger: Fixtures.quiet,
      time: Fixtures.time, onTunnelChange: {})
    try core.begin(time: Fixtures.time)
    try core.attached(epoch: 1, at: .zero, time: Fixtures.time)
    func command(_ id: UInt64) -> DeviceCommand {
      DeviceCommand(id: id, epoch: 1, action: .closeAll(reason: .closeAll))
    }
    try core.receive(command(1), at: .zero, time: Fixtures.time)
    let taken = try core.report()
    let report = try #require(taken)
    try core.receive(command(2), at: .zero, time: Fixtures.time)
    try core.posted(report, DeviceReportReceipt(historyAcknowledged: 0))
    #expect(report.answers.map(\.command) == [1])
    let rest = core.answers.map(\.command)
    #expect(rest == [2])
    let isDue = core.isReportDue
    #expect(isDue)
  }

  /// NORMAL, what WAL is given by default, may lose the last lines with the power.
  @Test func cs14AWrittenLineIsOnTheDisk() throws {
    let folder = try TemporaryFolder()
    let history = try folder.history()
    let level = try history.database.read { try Int.fetchOne($0, sql: "PRAGMA synchronous") }
    #expect(level == 2)
  }
}
