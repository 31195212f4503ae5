import Testing

@testable import Settings

/// Every bound: at its limit accepted, one past it refused.
@Suite(.timeLimit(.minutes(5))) struct BoundsTests {
  struct Bound: Sendable, CustomTestStringConvertible {
    /// The document, with `@` for the value.
    var document: String
    var accepted: [String]
    var refused: [String]

    var testDescription: String { document }

    init(_ document: String, _ accepted: [String], not refused: [String]) {
      self.document = document
      self.accepted = accepted
      self.refused = refused
    }
  }

  static func isakmp(_ key: String) -> String { "isakmp: {policies: [{\(key): @}]}" }
  static func ipsec(_ key: String) -> String { "ipsec: {policies: [{\(key): @}]}" }
  static func host(_ key: String) -> String { "destinations: [{remoteHosts: [{\(key): @}]}]" }
  static func ppp(_ key: String) -> String { "pppProfiles: [{\(key): @}]" }

  static let negotiation = [
    Bound(isakmp("lifetime"), ["1m", "30d"], not: ["59s", "2592001s", "0s"]),
    Bound(isakmp("lifetimeBytes"), ["none"], not: ["1MB", "1GiB", "0B"]),
    Bound(isakmp("msgRetryLimit"), ["0", "1024"], not: ["-1", "1025"]),
    Bound(isakmp("msgTimeout"), ["1s", "86400s"], not: ["999ms", "86401s"]),
    Bound(isakmp("msgBackoff"), ["none", "incremental"], not: ["exponential"]),
    Bound(isakmp("retryPause"), ["1s", "60s"], not: ["999ms", "3601s"]),
    Bound(isakmp("retryPauseMax"), ["1s", "1h"], not: ["0s", "3601s"]),
    Bound(isakmp("dpdInterval"), ["0s", "149s"], not: ["150s", "86401s"]),
    Bound(isakmp("dpdTimeout"), ["31s", "24h"], not: ["30s", "86401s"]),
    Bound("isakmp: {policies: [{dpdInterval: 0s, dpdTimeout: @}]}", ["5s"], not: ["4999ms"]),
    Bound(isakmp("natTraversal"), ["on", "off", "force"], not: ["maybe"]),
    Bound(isakmp("natKeepalive"), ["0s", "1h"], not: ["3601s"]),
    Bound(isakmp("phase2ExchangeLimit"), ["1", "64"], not: ["0", "65"]),
    Bound(isakmp("sendDeletes"), ["true", "no"], not: ["1", "maybe"]),
    Bound(isakmp("mode"), ["main"], not: ["aggressive"]),
    Bound(ipsec("mode"), ["transport"], not: ["tunnel"]),
    Bound(ipsec("lifetime"), ["1m", "30d"], not: ["59s", "2592001s"]),
    Bound(ipsec("lifetimeBytes"), ["1MB", "none"], not: ["999999B"]),
    Bound(ipsec("replayWindow"), ["64", "1024"], not: ["63", "1025"]),
    Bound(ipsec("pfs"), ["off", "ecp384"], not: ["modp512"]),
    Bound(
      ipsec("transforms"), ["[aes256gcm16]", "[aes128-sha1]", "legacy"],
      not: ["[aes256]", "[aes256gcm16-sha1]", "strong", "[des-md5]"]),
    Bound(
      isakmp("proposals"), ["[aes256-sha1-modp2048]", "compatible"],
      not: ["[aes256gcm16-sha1-modp2048]", "[aes256-sha1]", "[aes256-sha1-modp768]"]),
  ]

  static let tunnels = [
    Bound(host("idleTimeout"), ["0s", "86400s"], not: ["86401s", "60", "-1s"]),
    Bound(host("destructTimeout"), ["10s", "3600s"], not: ["9999ms", "3601s"]),
    Bound(host("helloInterval"), ["0s", "3600s"], not: ["3601s"]),
    Bound(host("maxSessions"), ["1", "65535"], not: ["0", "65536"]),
    Bound("destinations: [{maxSessions: @}]", ["1", "65535"], not: ["0", "65536"]),
    Bound(ppp("mru"), ["128", "1500"], not: ["127", "1501"]),
    Bound(ppp("echoInterval"), ["0s", "1h"], not: ["3601s"]),
    Bound(ppp("echoFailuresMax"), ["1", "100"], not: ["0", "101"]),
    Bound(ppp("authentication"), ["[pap]", "[chap, pap]"], not: ["[]", "[eap]", "[pap, pap]"]),
    Bound(
      ppp("dns"), ["[1.1.1.1, 9.9.9.9]", "[]"], not: ["[1.1.1.1, 2.2.2.2, 3.3.3.3]", "[::1]"]),
    Bound("listen: {ike: @}", ["1", "65535"], not: ["0", "65536", "4500"]),
    Bound("listen: {l2tp: @}", ["1701", "off"], not: ["0", "500"]),
    Bound("tun: {mtu: @}", ["576", "9000"], not: ["575", "9001"]),
    Bound("tun: {name: @}", ["none", "abcdefghijklmno"], not: ["abcdefghijklmnop", "a/b", ".."]),
    Bound(
      "control: {socket: @}", ["/" + String(repeating: "x", count: 106)],
      not: ["/" + String(repeating: "x", count: 107), "relative.sock", "/run/"]),
    Bound("limits: {halfOpenExchanges: @}", ["1", "100000"], not: ["0", "100001"]),
    Bound("limits: {halfOpenExchangesPerSource: @}", ["1", "100000"], not: ["0", "100001"]),
    Bound("limits: {ipsecConnections: @}", ["1", "1000000"], not: ["0", "1000001"]),
    Bound("limits: {tunnels: @}", ["1", "65535"], not: ["0", "65536"]),
    Bound("limits: {sessions: @}", ["1", "1000000"], not: ["0", "1000001"]),
  ]

  @Test(arguments: negotiation + tunnels)
  func atTheLimitAcceptedAndOnePastItRefused(bound: Bound) {
    for value in bound.accepted {
      #expect(errors(bound.document.replacing("@", with: value)) == [], "\(value)")
    }
    for value in bound.refused {
      #expect(errors(bound.document.replacing("@", with: value)) != [], "\(value)")
    }
  }

  @Test func aPoolHoldsAtMostASixteen() {
    let document = { (range: String) in
      "pools: [{addresses: \(range)}]\npreSharedKeys: [{secret: x}]"
    }
    #expect(errors(ofWhole: document("10.9.0.0-10.9.255.255")) == [])
    #expect(errors(ofWhole: document("10.9.0.0-10.10.0.0")).map(\.code) == [.outOfRange])
  }

  @Test func retriesAreZeroToSixteenOrContinuous() throws {
    let both = { (value: String) in
      """
      isakmp: {policies: [{peer: 192.0.2.9, retryIkeAttempts: \(value)}]}
      ipsec: {policies: [{peer: 192.0.2.9}]}
      """
    }
    #expect(try gateway(both("16")).isakmpPolicies.first?.retryIkeAttempts == .limited(16))
    #expect(try gateway(both("continuous")).isakmpPolicies.first?.retryIkeAttempts == .continuous)
    #expect(errors(both("17")).map(\.code) == [.outOfRange])
    #expect(errors(both("forever")).map(\.code) == [.invalidValue])
  }
}
