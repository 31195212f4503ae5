import Control
import Testing

@testable import Runtime

@Suite(.timeLimit(.minutes(5))) struct MailboxTests {
  private static func ask(_ mailbox: Mailbox<DialHost>) async -> ControlError.Code? {
    do throws(ControlError) {
      try await mailbox.perform { _, _ in }
      return nil
    } catch {
      return error.code
    }
  }

  @Test func questionsThatWaitAreAnsweredWhenTheLoopEnds() async throws {
    let mailbox = try Mailbox<DialHost>()
    let codes = await withTaskGroup(of: ControlError.Code?.self) { group in
      for _ in 0..<20 { group.addTask { await Self.ask(mailbox) } }
      group.addTask {
        mailbox.close()
        return .unreachable
      }
      return await group.reduce(into: []) { $0.append($1) }
    }
    #expect(codes == Array(repeating: .unreachable, count: 21))
  }

  @Test func questionsAfterTheEndAreAnsweredAtOnce() async throws {
    let mailbox = try Mailbox<DialHost>()
    mailbox.close()
    #expect(await Self.ask(mailbox) == .unreachable)
  }

  @Test func oneQuestionPastTheMaximumIsRefused() async throws {
    let mailbox = try Mailbox<DialHost>()
    let max = Mailbox<DialHost>.questionsMax
    let codes = await withTaskGroup(of: ControlError.Code?.self) { group in
      for _ in 0...max { group.addTask { await Self.ask(mailbox) } }
      // The refused one comes first: all others wait.
      let first = await group.next() ?? nil
      mailbox.close()
      return await group.reduce(into: [first]) { $0.append($1) }
    }
    #expect(codes.first == .limitReached)
    #expect(codes.dropFirst().allSatisfy { $0 == .unreachable })
    #expect(codes.count == max + 1)
  }
}
