import ConnectionService
import Primitives
import Testing

@testable import Broker

@Suite(.timeLimit(.minutes(5))) struct PolicyTests {
  /// 06:30 of some day, UTC.
  private static let morning =
    Timestamp(milliseconds: 1_800_000_000_000 / 86_400_000 * 86_400_000)
    + .seconds(6 * 3600 + 1800)

  private static func request(
    _ kind: PolicyRequest.Kind = .connect, user: String = "anna", at time: Timestamp = morning
  ) throws -> PolicyRequest {
    PolicyRequest(
      kind, organisation: try name("default"), application: try name("acme"),
      user: try name(user), role: .operator, product: try product("press-7"), time: time)
  }

  private static func refuse(_ fill: (inout PolicyRule) throws -> Void) throws -> PolicyRule {
    var rule = PolicyRule(.refuse)
    try fill(&rule)
    return rule
  }

  @Test func withoutRulesEverythingIsAllowed() throws {
    #expect(Policy().refusal(of: try Self.request()) == nil)
  }

  @Test func theFirstRuleThatMatchesDecides() throws {
    var allow = PolicyRule(.allow)
    allow.users = [try name("anna")]
    var refuse = PolicyRule(.refuse)
    refuse.because = "nobody else"
    let policy = Policy(rules: [allow, refuse])
    #expect(policy.refusal(of: try Self.request()) == nil)
    let refusal = policy.refusal(of: try Self.request(user: "bob"))
    #expect(refusal?.code == .policyRefused)
    #expect(refusal?.detail == "nobody else")
    let turned = Policy(rules: [refuse, allow])
    #expect(turned.refusal(of: try Self.request())?.code == .policyRefused)
  }

  @Test func everyConditionMustHold() throws {
    let matching = try Self.refuse {
      $0.requests = [.connect, .close]
      $0.organisations = [try name("default")]
      $0.applications = [try name("acme")]
      $0.users = [try name("anna")]
      $0.roles = [.operator]
      $0.products = try [#require(.init("pump-1")), #require(.init("press-*"))]
      $0.hours = .init(beginMinute: 360, endMinute: 420)
    }
    #expect(matching.matches(try Self.request()))
    let others: [(inout PolicyRule) throws -> Void] = [
      { $0.requests = [.closeAll] }, { $0.organisations = [try name("other")] },
      { $0.applications = [try name("anna")] }, { $0.users = [try name("acme")] },
      { $0.roles = [.admin] }, { $0.products = [try #require(.init("press"))] },
      { $0.hours = .init(beginMinute: 420, endMinute: 360) },
    ]
    for change in others {
      var rule = matching
      try change(&rule)
      #expect(!rule.matches(try Self.request()))
    }
  }

  @Test(arguments: [
    (0, 0, 390, true), (390, 391, 390, true), (391, 390, 390, false), (1320, 360, 0, true),
    (1320, 360, 359, true), (1320, 360, 360, false), (1320, 360, 1320, true),
  ])
  func hoursEndBeforeTheirLastMinute(begin: Int, end: Int, minute: Int, isIn: Bool) {
    let hours = PolicyRule.Hours(beginMinute: begin, endMinute: end)
    for days in [-2, 0, 20_000] {
      let time = Timestamp(milliseconds: Int64(days) * 86_400_000) + .seconds(minute * 60)
      #expect(hours.contains(time) == isIn)
    }
  }

  @Test func productsAreNamedWholeOrByTheirBeginning() throws {
    for bad in ["", "p x", "-p", "p*x", "*p"] { #expect(PolicyRule.Products(bad) == nil) }
    #expect(try #require(PolicyRule.Products("*")).contains(try product("anything")))
    #expect(try !#require(PolicyRule.Products("pump")).contains(try product("pump-1")))
  }

  @Test func cs23And26ARefusedRequestTouchesNothingAndIsRecordedWithItsWords() throws {
    let (stage, device) = try Self.stage {
      $0.requests = [.connect]
      $0.users = [try name("bob")]
      $0.because = "Bob is on leave."
    }
    let refusal = #expect(throws: Refusal.self) { try stage.connect(device, by: stage.bob) }
    #expect(refusal?.code == .policyRefused)
    #expect(try stage.live(device).isEmpty)
    stage.broker.refuse(try #require(refusal), caller: stage.bob, product: device.product)
    let event = try #require(try stage.events(.requestRefused).last)
    #expect(event.code == .policyRefused)
    #expect(event.note == "Bob is on leave.")
    #expect(try stage.open(device).phase == .up)
  }

  @Test func closesAreSubjectToIt() throws {
    let (stage, device) = try Self.stage { $0.requests = [.close, .closeAll] }
    let view = try stage.open(device)
    #expect(
      code { try stage.broker.close(view.id, key: nil, by: stage.ann) } == .policyRefused)
    #expect(
      code { try stage.broker.closeAll(device.product, key: nil, by: stage.ann) }
        == .policyRefused)
    #expect(try stage.view(view.id).phase == .up)
  }

  @Test func whomABrokerNamesIsBelievedAndWhomOthersNameIsNot() throws {
    let (stage, device) = try Self.stage(brokers: ["bob"]) { $0.users = [try name("kim")] }
    let id = ConnectionID(using: &stage.random)
    let note = RelayNote(user: try name("kim"), connection: id, words: nil).text
    let request = ConnectRequest(note: note)
    #expect(code { try stage.connect(device, by: stage.bob, request) } == .policyRefused)
    #expect(code { try stage.connect(device, by: stage.ann, request) } == nil)
    #expect(code { try stage.connect(device, by: stage.bob) } == nil)
  }

  @Test func foreignDevicesStayUnknown() throws {
    let (stage, device) = try Self.stage { _ in }
    #expect(code { try stage.connect(device, by: stage.stranger) } == .deviceUnknown)
    #expect(code { try stage.connect(device) } == .policyRefused)
  }

  /// A stage whose broker refuses by one rule.
  private static func stage(
    brokers: [String] = [], _ fill: (inout PolicyRule) throws -> Void
  ) throws -> (Stage, ModelDevice) {
    let policy = Policy(
      brokers: try brokers.map { try name($0) }, rules: [try refuse(fill)])
    let stage = try Stage(requests: policy)
    return (stage, try stage.attach())
  }
}
