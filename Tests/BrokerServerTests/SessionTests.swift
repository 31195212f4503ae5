import ConnectionService
import HTTPTypes
import Hummingbird
import NIOCore
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

  private static let host = "broker.example.net"

  /// Whether a request is taken for one of our own pages.
  private func isOurs(
    host: String? = host, isPlain: Bool = false, _ fields: [(HTTPField.Name, String)]
  ) -> Bool {
    var headers = HTTPFields()
    for (name, value) in fields { headers.append(HTTPField(name: name, value: value)) }
    let head = HTTPRequest(
      method: .post, scheme: nil, authority: host, path: "/console/session", headerFields: headers)
    let request = Request(head: head, body: RequestBody(buffer: ByteBuffer()))
    do throws(Refusal) {
      try SameSite.require(request, isPlain: isPlain)
      return true
    } catch {
      #expect(error == .crossSite)
      return false
    }
  }

  @Test(arguments: [
    ("https://broker.example.net", host), ("https://broker.example.net:8443", host + ":8443"),
    ("https://192.0.2.1:8443", "192.0.2.1:8443"), ("https://[2001:db8::1]", "[2001:db8::1]"),
    ("https://[2001:db8::1]:8443", "[2001:db8::1]:8443"),
  ])
  func anOriginThatIsOursIsTaken(_ origin: String, _ host: String) {
    #expect(isOurs(host: host, [(.origin, origin)]))
  }

  /// Each of them is near enough to pass some other comparison than that of the whole text.
  @Test(arguments: [
    "https://evil-broker.example.net", "https://evilbroker.example.net",
    "https://evil.broker.example.net", "https://broker.example.net.evil",
    "https://broker.example.net.evil.example", "https://broker.example.nett",
    "https://broker.example.ne", "https://example.net", "https://evil-example.net",
    "https://broker.example.net:8443", "https://broker.example.net:443",
    "https://broker.example.net:", "https://broker.example.net/", "https://broker.example.net.",
    "https://broker.example.net@evil.example", "https://evil.example@broker.example.net",
    "https://evil.example/?broker.example.net", "https://evil.example#broker.example.net",
    "https://evil.example, https://broker.example.net",
    "https://broker.example.net, https://evil.example", "https://broker.example.net https://evil",
    "http://broker.example.net", "HTTPS://broker.example.net", "https://BROKER.example.net",
    "wss://broker.example.net", "file://broker.example.net", "https:broker.example.net",
    "//broker.example.net", "broker.example.net", "https://", "null", "NULL", "", "*",
  ])
  func anOriginThatOnlyLooksLikeOursIsRefused(_ origin: String) {
    #expect(!isOurs([(.origin, origin)]))
  }

  @Test(arguments: [
    ("https://2001:db8::1", "[2001:db8::1]"), ("https://[2001:db8::1]", "2001:db8::1"),
    ("https://[2001:db8::1]:8443", "[2001:db8::1]"), ("https://[2001:db8::11]", "[2001:db8::1]"),
    ("https://[2001:db8:0::1]", "[2001:db8::1]"), ("https://[::ffff:192.0.2.1]", "192.0.2.1"),
    ("https://192.0.2.11", "192.0.2.1"), ("https://1192.0.2.1", "192.0.2.1"),
  ])
  func anAddressThatIsWrittenOtherwiseIsRefused(_ origin: String, _ host: String) {
    #expect(!isOurs(host: host, [(.origin, origin)]))
  }

  @Test func withoutTLSAPageMayHaveComeEitherWayAndWithItOnlyWithIt() {
    #expect(isOurs(isPlain: true, [(.origin, "http://" + Self.host)]))
    #expect(isOurs(isPlain: true, [(.origin, "https://" + Self.host)]))
    #expect(isOurs([(.origin, "https://" + Self.host)]))
    #expect(!isOurs([(.origin, "http://" + Self.host)]))
  }

  @Test func whoSaysNothingOfWhereItComesFromIsRefused() {
    #expect(!isOurs([]))
    #expect(!isOurs(host: nil, [(.origin, "https://" + Self.host)]))
    let twice = [
      (HTTPField.Name.origin, "https://" + Self.host), (.origin, "https://evil.example"),
    ]
    #expect(!isOurs(twice))
  }

  /// Fetch Metadata: what the browser says of the site is believed before the origin.
  @Test(arguments: [
    ("same-origin", true), ("same-site", false), ("cross-site", false), ("none", false),
    ("", false),
    ("Same-Origin", false), ("same-origin-not", false),
    ("x-same-origin", false),
  ])
  func theBrowsersWordOfTheSiteIsTakenWhole(_ site: String, _ isTaken: Bool) throws {
    let name = try HTTPField.Name("Sec-Fetch-Site").orFail()
    #expect(isOurs([(name, site), (.origin, "https://" + Self.host)]) == isTaken)
    #expect(isOurs([(name, site)]) == isTaken)
  }

  /// Over HTTP: sessions begin and end, and a session's cookie acts, for our own pages alone.
  @Test func aForeignOriginNeitherBeginsNorEndsNorUsesASession() async throws {
    try await RunningBroker.run { broker in
      let authority = String(broker.url.dropFirst("https://".count))
      let port = try authority.split(separator: ":").last.orFail()
      let cookie = "drawbridge_session=\(broker.adminToken)"
      let form = "application/x-www-form-urlencoded"
      let foreign: [[String: String]] =
        [
          "https://\(authority).evil.example", "https://evil-\(authority)", "https://127.0.0.1",
          "https://127.0.0.1:\(port)0", "http://\(authority)", "https://[::1]:\(port)", "null",
          "https://1\(authority)",
        ].map { ["origin": $0] } + [[:], ["sec-fetch-site": "cross-site", "origin": broker.url]]
      let statuses = foreign + [["origin": broker.url]]
      for (number, headers) in statuses.enumerated() {
        let isOwn = number == statuses.count - 1
        let begun = try await broker.secureSend(
          "POST", "/console/session", headers, body: body(broker.adminToken))
        #expect(begun.status == (isOwn ? 200 : 403), "\(headers)")
        #expect((begun.headers["set-cookie"] != nil) == isOwn)
        let asked = try await broker.secureSend(
          "POST", "/console/session", headers.merging(["content-type": form]) { $1 },
          body: "token=\(broker.adminToken)")
        #expect(asked.status == (isOwn ? 303 : 403), "\(headers)")
        let used = try await broker.secureSend(
          "POST", "/v1/enrolments", headers.merging(["cookie": cookie]) { $1 },
          body: "{\"productID\":\"p\"}")
        #expect(used.status == (isOwn ? 201 : 403), "\(headers)")
        let ended = try await broker.secureSend("DELETE", "/console/session", headers)
        #expect(ended.status == (isOwn ? 204 : 403), "\(headers)")
      }
    }
  }
}
