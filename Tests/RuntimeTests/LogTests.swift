import Dataplane
import Endpoint
import IKE
import Primitives
import Testing

@testable import Runtime

@Suite(.timeLimit(.minutes(5))) struct LogTests {
  @Test func aLineHasCodeIdsReasonAndDetail() {
    let event = EndpointEvent.tunnelClosed(TunnelNumber(7), .peerClosed, detail: "result 1")
    #expect(EventLine(event).text == "tunnelClosed tunnel=7 reason=peerClosed detail=\"result 1\"")
  }

  @Test func whatAPeerWroteStaysInItsQuotes() {
    let event = EndpointEvent.tunnelRefused(
      CarrierID(1), hostName: "a\" reason=none\n\u{1b}[2J", .policyRefused, detail: "")
    let text = EventLine(event).text
    #expect(text == "tunnelRefused carrier=1 hostName=\"a' reason=none??[2J\" reason=policyRefused")
  }

  @Test func aFloodOfOneKindIsCutAndCounted() {
    var limiter = LineLimiter()
    let admitted = (0..<LineLimiter.linesMax + 5).map { _ in
      limiter.admit("x", at: .zero).isAdmitted
    }
    #expect(admitted.count { $0 } == LineLimiter.linesMax)
    let other = limiter.admit("y", at: .zero)
    #expect(other.isAdmitted)
    let later = limiter.admit("x", at: .zero + .seconds(1))
    #expect(later.isAdmitted)
    #expect(later.suppressed == 5)
  }

  @Test func recordNumbersAreNeverGivenTwice() {
    var numbers = RecordNumbers<String>()
    let first = numbers.assign(["a", "b"])
    #expect(first == [1, 2])
    let second = numbers.assign(["b"])
    #expect(second == [2])
    let third = numbers.assign(["a", "b"])
    #expect(third == [3, 2])
    #expect(numbers.key(of: 1) == nil)
  }
}
