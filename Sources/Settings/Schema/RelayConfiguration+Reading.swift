extension RelayConfiguration {
  static let relaysMax = 64
  static let devicesMax = 10_000

  /// Reads one element of `relays`.
  init?(reading section: inout Section) {
    let link = BrokerLink(reading: &section)
    let user = section.readOptional("user", .person, remark: "(this broker's name)")
    var devices: [String] = []
    section.read("devices", listOf: .name, max: Self.devicesMax, into: &devices)
    if section.node("url") == nil, section.node("token") == nil {
      section.log.report(.nowhere, at: section.path)
    }
    if devices.isEmpty, section.node("devices") == nil {
      section.log.report(.noDevices, at: section.path)
    }
    guard let link else { return nil }
    self.init(carrier: link)
    self.user = user
    self.devices = devices
  }
}

extension RequestPolicy {
  static let brokersMax = 256
  static let rulesMax = 256

  /// Reads `policy`.
  mutating func read(_ section: inout Section) {
    section.read("brokers", listOf: .person, max: Self.brokersMax, into: &brokers)
    rules = section.read(sections: "rules", max: Self.rulesMax) { RequestRule(reading: &$0) }
  }
}

extension RequestRule {
  static let namesMax = 256

  /// Reads one element of `policy.rules`.
  init?(reading section: inout Section) {
    let verdict: Verdict? = section.require("verdict", .choice)
    self.init(verdict ?? .refuse)
    section.read(
      "requests", listOf: .choice, max: Request.allCases.count, into: &requests, remark: "(all)")
    section.read(
      "organisations", listOf: .person, max: Self.namesMax, into: &organisations, remark: "(all)")
    section.read(
      "applications", listOf: .person, max: Self.namesMax, into: &applications, remark: "(all)")
    section.read("users", listOf: .person, max: Self.namesMax, into: &users, remark: "(all)")
    section.read("roles", listOf: .choice, max: Role.allCases.count, into: &roles, remark: "(all)")
    section.read(
      "products", listOf: .products, max: Self.namesMax, into: &products, remark: "(all)")
    hours = section.readOptional("hours", .dailyHours, remark: "(the whole day)")
    because = section.readOptional(
      "because", .text(bytesMax: 200), remark: "(words of the broker's own)")
    guard verdict != nil else { return nil }
  }
}

extension Form where Value == String {
  /// As tokens have them: a user, an application, an organisation.
  static let person = Form("name of letters, digits, `.`, `_`, `@`, `-`", show: { $0 }) {
    text throws(FormProblem) in
    guard isName(text) else {
      throw FormProblem(
        .invalidValue, "“\(text)” is not a name", cause: "a blank or another character",
        next: "write it as the token has it")
    }
    return text
  }

  fileprivate static let products = Form("product id, or its beginning and `*`", show: { $0 }) {
    text throws(FormProblem) in
    let beginning = text.hasSuffix("*") ? text.dropLast() : text[...]
    guard isName(String(beginning)) || text == "*", !text.contains("@") else {
      throw FormProblem(
        .invalidValue, "“\(text)” is no product id", cause: "a blank or another character",
        next: "write press-1 or press-*")
    }
    return text
  }

  /// 1 to 64 characters, a letter or digit first.
  private static func isName(_ text: String) -> Bool {
    let isAlphanumeric = { (byte: UInt8) in
      (48...57).contains(byte) || (65...90).contains(byte) || (97...122).contains(byte)
    }
    let others = Array(".-_@".utf8)
    return (1...64).contains(text.utf8.count) && text.utf8.first.map(isAlphanumeric) == true
      && text.utf8.allSatisfy { isAlphanumeric($0) || others.contains($0) }
  }
}

extension Form where Value == DailyHours {
  fileprivate static let dailyHours = Form("hours of the day in UTC, `HH:MM-HH:MM`", show: shown) {
    text throws(FormProblem) in
    let ends = text.split(separator: "-", omittingEmptySubsequences: false).map(minute)
    guard ends.count == 2, let begin = ends[0], let end = ends[1], begin != end else {
      throw FormProblem(
        .invalidValue, "“\(text)” is no part of a day",
        cause: "a missing digit, or no hours at all",
        next: "write 07:00-19:30; 22:00-06:00 goes over midnight")
    }
    return DailyHours(beginMinute: begin, endMinute: end)
  }

  private static func shown(_ hours: DailyHours) -> String {
    [hours.beginMinute, hours.endMinute].map { minute in
      [minute / 60, minute % 60].map { $0 < 10 ? "0\($0)" : "\($0)" }.joined(separator: ":")
    }.joined(separator: "-")
  }

  private static func minute(_ text: Substring) -> Int? {
    let parts = text.split(separator: ":", omittingEmptySubsequences: false)
    guard parts.count == 2, parts.allSatisfy({ $0.utf8.count == 2 }), let hour = Int(parts[0]),
      let minute = Int(parts[1]), (0..<24).contains(hour), (0..<60).contains(minute)
    else { return nil }
    return hour * 60 + minute
  }
}

extension FormProblem {
  fileprivate static let nowhere = FormProblem(
    .missingKey, "the relay names no carrier", cause: "url and token were left out",
    next: "add url: https://HOST:PORT and token: file:PATH")

  fileprivate static let noDevices = FormProblem(
    .missingKey, "the relay names no devices", cause: "the key “devices” was left out",
    next: "add devices: [PRODUCT-ID]")
}
