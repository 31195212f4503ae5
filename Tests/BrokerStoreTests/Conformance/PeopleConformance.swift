import Broker
import ConnectionService
import Testing

@Suite("Every store keeps tokens and enrolment codes", .timeLimit(.minutes(5)))
struct PeopleConformance {
  @Test(arguments: TestStore.Engine.allCases)
  func aTokenIsFoundByHashAndByIDWithEveryField(_ engine: TestStore.Engine) throws {
    let store = try TestStore(engine)
    var token = try Samples.token("tok-1", hash: 1)
    token.product = try Samples.product("pump-1")
    token.vpnUser = "ann@vpn"
    token.expiresAt = Samples.time(.max)
    token.revokedAt = Samples.time(-1)
    try store { rows throws(Refusal) in try rows.insert(token) }
    let byHash = try store { rows throws(Refusal) in try rows.token(hash: Samples.digest(1)) }
    let byID = try store { rows throws(Refusal) in try rows.token(id: "tok-1") }
    let none = try store { rows throws(Refusal) in try rows.token(hash: Samples.digest(2)) }
    #expect(byHash == token)
    #expect(byID == token)
    #expect(none == nil)
  }

  @Test(arguments: TestStore.Engine.allCases)
  func anUpdateOfATokenIsKept(_ engine: TestStore.Engine) throws {
    let store = try TestStore(engine)
    var token = try Samples.token("tok-1", hash: 1)
    try store { rows throws(Refusal) in try rows.insert(token) }
    token.revokedAt = Samples.time(99)
    try store { rows throws(Refusal) in try rows.update(token) }
    let found = try store { rows throws(Refusal) in try rows.token(id: "tok-1") }
    #expect(found == token)
  }

  @Test(arguments: TestStore.Engine.allCases)
  func tokensArePagedInByteOrderWithinTheirOrganisation(_ engine: TestStore.Engine) throws {
    let store = try TestStore(engine)
    // In byte order, which is no locale's: digits, capitals, then small letters.
    let ids = ["1", "B", "Z", "a", "b", "b-1", "b.1", "b1"].sorted {
      $0.utf8.lexicographicallyPrecedes($1.utf8)
    }
    let tokens = try ids.enumerated().map { try Samples.token($1, hash: UInt8($0 + 1)) }
    let foreign = try Samples.token("a-foreign", hash: 200, organisation: "other")
    try store { rows throws(Refusal) in
      for token in tokens.reversed() { try rows.insert(token) }
      try rows.insert(foreign)
    }
    let acme = try Samples.name("acme")
    var found: [String] = []
    var after: String?
    repeat {
      let page = try store { rows throws(Refusal) in
        try rows.tokens(of: acme, after: after, limit: 3)
      }
      found += page.map(\.id)
      after = page.last?.id
    } while after != nil
    #expect(found == ids)
    let count = try store { rows throws(Refusal) in try rows.tokenCount() }
    #expect(count == 9)
  }

  @Test(arguments: TestStore.Engine.allCases)
  func anEnrolmentCodeIsTakenOnceAndReplacedByALaterOne(_ engine: TestStore.Engine) throws {
    let store = try TestStore(engine)
    func enrolment(_ code: UInt8) throws -> EnrolmentRecord {
      EnrolmentRecord(
        codeHash: Samples.digest(code), organisation: try Samples.name("acme"),
        product: try Samples.product("pump"), name: "Pump \(code)", expiresAt: Samples.time(9))
    }
    let (first, second) = (try enrolment(1), try enrolment(2))
    try store { rows throws(Refusal) in try rows.insert(first) }
    try store { rows throws(Refusal) in try rows.insert(second) }
    let taken = try store { rows throws(Refusal) in
      [
        try rows.takeEnrolment(codeHash: first.codeHash),
        try rows.takeEnrolment(codeHash: second.codeHash),
        try rows.takeEnrolment(codeHash: second.codeHash),
      ]
    }
    #expect(taken == [nil, second, nil])
  }

  @Test(arguments: TestStore.Engine.databases)
  func twiceTheSameTokenIsRefusedByAConstraint(_ engine: TestStore.Engine) throws {
    let store = try TestStore(engine)
    let token = try Samples.token("tok-1", hash: 1)
    let sameHash = try Samples.token("tok-2", hash: 1)
    try store { rows throws(Refusal) in try rows.insert(token) }
    #expect(store.refusal { rows throws(Refusal) in try rows.insert(token) } == .internalError)
    #expect(store.refusal { rows throws(Refusal) in try rows.insert(sameHash) } == .internalError)
    let count = try store { rows throws(Refusal) in try rows.tokenCount() }
    #expect(count == 1)
  }
}
