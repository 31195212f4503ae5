import Dataplane
import Primitives
import Testing

@testable import Endpoint

/// Whose a route is when several sessions lead to the same network.
@Suite(.timeLimit(.minutes(5))) struct RouteClaimsTests {
  private let one = SessionID(1)
  private let two = SessionID(2)
  private let three = SessionID(3)

  @Test func theFirstHasItAndThenTheNext() throws {
    let prefix = try #require(IPPrefix(.v4(.any), lengthBits: 0))
    var claims = RouteClaims()
    let firsts = [one, two, three, one].map { claims.claim(prefix, for: $0) }
    #expect(firsts == [true, false, false, false])
    let outcomes = [two, two, one, three].map { claims.release(prefix, of: $0) }
    #expect(outcomes == [.unchanged, .unchanged, .passes(to: three), .gone])
    #expect(claims.isEmpty)
  }
}
