import Primitives

extension PPPProfile {
  static let profilesMax = 256

  /// Reads one element of `pppProfiles`.
  init(reading section: inout Section, pools: [AddressPool]) {
    self.init(name: "default", pool: pools.first?.name ?? "default")
    section.read("name", .name, into: &name)
    section.read(authentication: &authentication)
    section.read(
      reference: "pool", to: pools.map(\.name), listedIn: "pools", into: &pool)
    localAddress = section.readOptional(
      "localAddress", .ipv4Address, remark: "(the pool's first)")
    section.read("dns", listOf: .ipv4Address, max: 2, into: &dns)
    section.read("nbns", listOf: .ipv4Address, max: 2, into: &nbns)
    section.read("mru", .mru, into: &mruBytes)
    section.read("echoInterval", .echoInterval, into: &echoInterval)
    section.read("echoFailuresMax", .integer(1...100), into: &echoFailuresMax)
    section.read("clampMSS", .flag, into: &clampMSS)
  }
}

extension DialPPP {
  /// Reads `ppp` of a dial profile.
  mutating func read(_ section: inout Section) {
    section.read(authentication: &authentication)
    section.read("askDNS", .flag, into: &askDNS)
    section.read("mru", .mru, into: &mruBytes)
    section.read("echoInterval", .echoInterval, into: &echoInterval)
    section.read("echoFailuresMax", .integer(1...100), into: &echoFailuresMax)
    section.read("clampMSS", .flag, into: &clampMSS)
  }
}

extension Section {
  /// Reads the list of authentication methods, which must name each at most once and one at least.
  fileprivate mutating func read(authentication methods: inout [PPPAuthentication]) {
    let form = Form<PPPAuthentication>.choice
    read("authentication", listOf: form, max: PPPAuthentication.allCases.count, into: &methods)
    log.requireUnique(methods.map(\.rawValue), in: child("authentication"), key: "method")
    if methods.isEmpty {
      log.report(
        .inconsistent(
          "no authentication method is left", cause: "the list is empty",
          next: "name one of mschapv2, chap, pap"),
        at: child("authentication"))
    }
  }
}

extension Form where Value == Int {
  /// Bytes: 128 is the least that IPCP's own frames need, 1500 PPP's default (RFC 1661 §6.1).
  fileprivate static let mru = integer(128...1500)
}

extension Form where Value == Duration {
  fileprivate static let echoInterval = duration(.zero...(.seconds(3600)))
}
