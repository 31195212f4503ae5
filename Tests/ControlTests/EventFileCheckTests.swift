import Broker
import ConnectionService
import Control
import Foundation
import Testing

@testable import drawbridge

/// Where a file of events may begin; what else can be wrong with one is in `Tests/Service`.
@Suite(.timeLimit(.minutes(5))) struct EventFileCheckTests {
  private func summary(of events: [ServiceEvent]) throws -> EventFileCheck.Summary {
    let broker = try #require(Name("one"))
    var check = EventFileCheck(path: "events.jsonl")
    for event in events {
      try check.take(ControlJSON.encode(CloudEvent(event, broker: broker)) + Data([0x0A]))
    }
    return try check.finish()
  }

  private func event(after head: EventHead?) -> ServiceEvent {
    EventChain.seal(ServiceEvent(.tokenCreated, actor: "setup"), after: head)
  }

  @Test func cs26AFileMayBeginInTheMiddleButTheFirstEventOfAllFollowsNothing() throws {
    let first = event(after: nil)
    let second = event(after: EventHead(sequence: first.sequence, hash: first.hash))
    #expect(try summary(of: [first, second]) == .init(events: 2, first: 1, last: 2))
    #expect(try summary(of: [second]) == .init(events: 1, first: 2, last: 2))
    // Whole in itself, with another past than none.
    let other = event(after: EventHead(sequence: 0, hash: String(repeating: "1", count: 64)))
    #expect(other.sequence == 1)
    let refusal = #expect(throws: ControlError.self) { try summary(of: [other]) }
    #expect(refusal?.code == .refused)
  }
}
