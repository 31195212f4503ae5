import ConnectionService
import Testing

@testable import BrokerServer

@Suite(.timeLimit(.minutes(5))) struct SessionTests {
  private func body(_ token: String) -> String { "{\"token\": \"\(token)\"}" }

  @Test func aSessionIsACookieThatNoOtherSiteCanUse() async throws {
    try await RunningBroker.run(plain: true) { broker in
      let same = ["sec-fetch-site": "same-origin"]
      let session = try await broker.send(
        "POST", "/console/session", headers: same, body: body(broker.adminToken))
      #expect(session.status == 200)
      let cookie = try session.headers["set-cookie"].orFail()
      #expect(cookie.contains("; HttpOnly; SameSite=Strict"))
      let pair = String(cookie.prefix { $0 != ";" })
      let read = try await broker.send("GET", "/v1/devices", headers: ["cookie": pair])
      #expect(read.status == 200)
      let foreign = [
        ["cookie": pair], ["cookie": pair, "sec-fetch-site": "cross-site"],
        ["cookie": pair, "sec-fetch-site": "same-site"],
        ["cookie": pair, "origin": "https://evil.example"],
      ]
      for headers in foreign {
        let answer = try await broker.send(
          "POST", "/v1/enrolments", headers: headers, body: "{\"productID\":\"p\"}")
        #expect(answer.status == 403)
      }
      for headers in [
        ["cookie": pair, "sec-fetch-site": "same-origin"], ["cookie": pair, "origin": broker.url],
      ] {
        let answer = try await broker.send(
          "POST", "/v1/enrolments", headers: headers, body: "{\"productID\":\"p\"}")
        #expect(answer.status == 201)
      }
      let end = try await broker.send("DELETE", "/console/session", headers: same)
      #expect(end.headers["set-cookie"]?.contains("Max-Age=0") == true)
    }
  }

  @Test func aFormLeadsToItsPageAndWithoutATokenEndsTheSession() async throws {
    try await RunningBroker.run(plain: true) { broker in
      let form = [
        "sec-fetch-site": "same-origin", "content-type": "application/x-www-form-urlencoded",
      ]
      let asked = "token=\(broker.adminToken)&next=%2Fconsole%2Fevents"
      let begun = try await broker.send("POST", "/console/session", headers: form, body: asked)
      #expect(begun.status == 303)
      #expect(begun.headers["location"] == "/console/events")
      #expect(begun.headers["set-cookie"]?.contains(broker.adminToken) == true)
      let ended = try await broker.send("POST", "/console/session", headers: form, body: "")
      #expect(ended.status == 303)
      #expect(ended.headers["location"] == "/console/")
      #expect(ended.headers["set-cookie"]?.contains("Max-Age=0") == true)
      let refused = try await broker.send(
        "POST", "/console/session", headers: form, body: "token=wrong")
      #expect(refused.status == 401)
      #expect(refused.headers["content-type"] == "text/html; charset=utf-8")
    }
  }

  @Test func aBadTokenOpensNoSession() async throws {
    try await RunningBroker.run(plain: true) { broker in
      let same = ["sec-fetch-site": "same-origin"]
      let device = try await broker.enrol(try ProductID("p").orFail())
      for (token, status) in [("x", UInt(401)), ("a; Path=/", 400), (device, 403)] {
        let answer = try await broker.send(
          "POST", "/console/session", headers: same, body: body(token))
        #expect(answer.status == status)
        #expect(answer.headers["set-cookie"] == nil)
      }
      let foreign = try await broker.send(
        "POST", "/console/session", headers: ["sec-fetch-site": "cross-site"],
        body: body(broker.adminToken))
      #expect(foreign.status == 403)
    }
  }
}
