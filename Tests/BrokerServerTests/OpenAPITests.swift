import ConnectionService
import Foundation
import Testing

@testable import BrokerServer

@Suite(.timeLimit(.minutes(5))) struct OpenAPITests {
  @Test func everyRouteIsDescribedAndNothingElse() throws {
    let paths = try OpenAPIDocument.whole.members["paths"].orFail().members
    let described = paths.flatMap { path, methods in
      methods.members.keys.map { "\($0.uppercased()) \(path)" }
    }
    let served = Route.allCases.map { "\($0.method.rawValue) \($0.path)" }
    #expect(described.sorted() == served.sorted())
  }

  @Test func theStreamsRequestNamesItsInstance() throws {
    let path = try OpenAPIDocument.whole.members["paths"].orFail()
      .members[Route.agentStream.path].orFail()
    let text = String(decoding: try Answer.encode(path), as: UTF8.self)
    #expect(text.contains("\"name\":\"\(AgentInstance.headerName)\""))
    #expect(text.contains("^[A-Za-z0-9-]{1,64}$"))
  }

  @Test func theLicenseHasItsNameAndItsIdentifier() throws {
    let license = try OpenAPIDocument.whole.members["info"].orFail().members["license"].orFail()
    #expect(license == ["name": "Apache-2.0", "identifier": "Apache-2.0"])
  }

  @Test func aSessionIsAskedForWithJSONOrAFormAndAFormLeadsToAPage() throws {
    let path = try OpenAPIDocument.whole.members["paths"].orFail()
      .members[Route.openSession.path].orFail()
    let operation = try path.members["post"].orFail().members
    let bodies = try operation["requestBody"].orFail().members["content"].orFail().members
    #expect(bodies.keys.sorted() == ["application/json", "application/x-www-form-urlencoded"])
    let answers = try operation["responses"].orFail().members
    #expect(answers.keys.sorted() == ["200", "303", "default"])
    let page = try answers["303"].orFail().members
    #expect(page["content"] == nil)
    #expect(page["headers"]?.members.keys.sorted() == ["Location", "Set-Cookie"])
  }

  @Test func everyReferenceLeadsToASchema() throws {
    let text = String(decoding: try Answer.encode(OpenAPIDocument.whole), as: UTF8.self)
    let names = text.matches(of: /#\/components\/schemas\/([A-Za-z0-9]+)/).map { String($0.1) }
    #expect(names.count > 50)
    #expect(names.filter { OpenAPISchemas.all[$0] == nil }.isEmpty)
  }

  @Test func everyRouteIsFoundByItsOwnPath() {
    for route in Route.allCases {
      let path = route.path.replacing("{productID}", with: "p").replacing("{id}", with: "i")
        .replacing("{page}", with: "x")
      guard case .found(let found, _) = RouteMatch(method: route.method.rawValue, path: path) else {
        Issue.record("\(route) is not found at \(path)")
        continue
      }
      #expect(found == route)
    }
  }

  @Test func aPathWithOtherMethodsNamesThem() {
    #expect(RouteMatch(method: "PUT", path: "/v1/tokens") == .otherMethods([.get, .post]))
    #expect(RouteMatch(method: "GET", path: "/v1/nothing") == .unknown)
    #expect(
      RouteMatch(method: "OPTIONS", path: "/console/session") == .otherMethods([.post, .delete]))
    #expect(RouteMatch(method: "GET", path: "/v1/devices//connections") == .unknown)
  }
}
