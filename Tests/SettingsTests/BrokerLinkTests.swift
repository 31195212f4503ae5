import Primitives
import Testing

@testable import Settings

@Suite(.timeLimit(.minutes(5))) struct BrokerLinkTests {
  private static let digits = String(repeating: "0123456789abcdef", count: 4)

  @Test func aGatewayNeedsNoBroker() throws {
    #expect(try gateway().broker == nil)
    #expect(try gateway("broker: {}").broker == nil)
  }

  @Test func aBrokerIsNamedByAddressAndToken() throws {
    let link = try #require(
      try gateway("broker: {url: \"https://b.example:8443\", token: \"file:/psk\"}").broker)
    #expect(
      link == BrokerLink(url: "https://b.example:8443", token: Secret(text: "opensesame")))
  }

  @Test func trustIsTheSystemsOrAuthoritiesOrOneCertificate() throws {
    let broker = "url: \"https://b\", token: x"
    #expect(
      try gateway("broker: {\(broker), authorities: /ca.pem}").broker?.trust
        == .authorities(path: "/ca.pem"))
    let colons = stride(from: 0, to: 64, by: 2).map { Self.digits.dropFirst($0).prefix(2) }
      .joined(separator: ":").uppercased()
    for text in [Self.digits, colons] {
      #expect(
        try gateway("broker: {\(broker), fingerprint: \"\(text)\"}").broker?.trust
          == .fingerprint(Self.digits))
    }
    let both = errors("broker: {\(broker), authorities: /ca.pem, fingerprint: \(Self.digits)}")
    #expect(both.map(\.code) == [.inconsistent])
  }

  @Test(arguments: [
    "b.example", "https://", "ftp://b", "https://b/api", "https://me:pw@b", "https://b?x=1",
    "http://b.example", "http://10.0.0.1:80",
  ])
  func whatIsNoAddressOfABrokerIsRefused(url: String) {
    let found = errors("broker: {url: \"\(url)\", token: x}")
    #expect(found.map(\.code) == [.invalidValue])
    #expect(found.first?.path == "broker.url")
  }

  @Test(arguments: ["http://127.0.0.1:8080", "http://localhost", "http://[::1]:80"])
  func plainHTTPStaysOnTheMachine(url: String) throws {
    #expect(try gateway("broker: {url: \"\(url)\", token: x}").broker?.url == url)
  }

  @Test func halfABrokerIsRefused() {
    for section in ["url: \"https://b\"", "token: x", "authorities: /ca.pem"] {
      #expect(errors("broker: {\(section)}").map(\.code) == [.missingKey], "\(section)")
    }
    #expect(
      errors("broker: {url: \"https://b\", token: x, fingerprint: abc}").map(\.code)
        == [.invalidValue])
  }
}
