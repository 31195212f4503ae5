import Testing

@testable import Settings

@Suite(.timeLimit(.minutes(5))) struct StrictReadingTests {
  @Test(arguments: [
    ("listen: {adresses: [192.0.2.1]}", "listen.adresses", "addresses"),
    ("isakmp: {policies: [{msgRetryLimt: 3}]}", "isakmp.policies[0].msgRetryLimt", "msgRetryLimit"),
    (
      "destinations: [{remoteHosts: [{idle-timeout: 60s}]}]",
      "destinations[0].remoteHosts[0].idle-timeout", "idleTimeout"
    ),
    ("presharedkey: []", "presharedkey", "preSharedKeys"),
  ])
  func anUnknownKeyNamesTheNearestOne(lines: String, path: String, nearest: String) {
    let found = errors(lines)
    #expect(found.map(\.code) == [.unknownKey])
    #expect(found.first?.path == path)
    #expect(found.first?.nextStep == "write \(nearest)")
    #expect(found.first?.origin == .line(1))
  }

  @Test func aKeyThatResemblesNothingGetsTheListOfKeys() {
    let found = errors("tun: {zzzzzzzz: 1}")
    #expect(found.first?.nextStep == "the keys here are: mtu, name")
  }

  @Test func onePassFindsEverythingInTheOrderOfTheLines() {
    let found = errors(
      """
      tun: {mtu: 9001}
      log:
        level: chatty
      listen: {ike: 70000, nat: 4500}
      """)
    #expect(found.map(\.origin) == [.line(1), .line(3), .line(4), .line(4)])
    #expect(found.map(\.code) == [.outOfRange, .invalidValue, .outOfRange, .unknownKey])
  }

  @Test func aFindingReadsAsPlaceCauseAndNextStep() {
    #expect(
      errors("log: {level: inof}").first?.description == """
        error [invalidValue] line 1, log.level: “inof” is not one of the possible values
          cause: “info” was meant, most likely
          next:  choose one of: trace, debug, info, notice, warning, error, critical
        """)
  }

  @Test(arguments: [
    ("listen: [1]", Finding.Code.wrongShape), ("listen: here", .wrongShape),
    ("isakmp: {policies: {}}", .wrongShape), ("tun: {name: [a]}", .wrongShape),
    ("tun: {name: }", .emptyValue), ("? [a]\n: b", .wrongShape),
    ("tun: {mtu: 1400, mtu: 1300}", .duplicateKey), ("tun: {mtu", .notYAML),
    ("tun: *nothing", .notYAML), ("\ttun: 1", .notYAML),
  ])
  func whatIsNotAConfigurationIsRefused(lines: String, code: Finding.Code) {
    #expect(errors(lines).first?.code == code)
  }

  @Test func emptyDocumentsLackWhatHasNoDefault() {
    for document in ["", "# nothing\n", "---\n", "{}"] {
      #expect(errors(ofWhole: document).map(\.path) == ["pools", "preSharedKeys"])
    }
    #expect(errors(ofWhole: "pools: [{addresses: 10.0.0.0/24}]").map(\.path) == ["preSharedKeys"])
  }

  @Test func everyPrefixAndEveryDamagedByteOfADocumentIsReadWithoutATrap() {
    let bytes = Array(CompleteDocuments.gateway.utf8)
    for length in stride(from: 0, through: bytes.count, by: 7) {
      _ = errors(ofWhole: String(decoding: bytes[..<length], as: UTF8.self))
    }
    for index in stride(from: 0, to: bytes.count, by: 11) {
      for replacement: UInt8 in [0, 0x3A, 0x5B, 0x7B, 0x26, 0xFF] {
        var damaged = bytes
        damaged[index] = replacement
        _ = errors(ofWhole: String(decoding: damaged, as: UTF8.self))
      }
    }
  }
}

@Suite(.timeLimit(.minutes(5))) struct DocumentLimitTests {
  @Test func aDocumentAtTheSizeLimitIsReadAndOnePastItIsNot() {
    let padding = YAMLDocument.bytesMax - smallGateway.utf8.count - 2
    let comment = "#" + String(repeating: "x", count: padding)
    #expect(errors(ofWhole: comment + "\n" + smallGateway) == [])
    let larger = errors(ofWhole: comment + "x\n" + smallGateway)
    #expect(larger.map(\.code) == [.tooLarge])
  }

  @Test func aliasesThatMultiplyAreStopped() {
    var document = "a0: &a0 [x,x,x,x,x,x,x,x,x,x]\n"
    for level in 1...7 {
      let uses = Array(repeating: "*a\(level - 1)", count: 10).joined(separator: ",")
      document += "a\(level): &a\(level) [\(uses)]\n"
    }
    #expect(errors(document).map(\.code) == [.tooLarge])
  }

  /// Found while fuzzing was prepared: Yams hashes keys whole, with all that their aliases unfold to.
  @Test(arguments: [
    "? *a30\n: x", "*a30 : x", "k: {*a30: x}", "[*a30] : x", "k: {[*a30]: x}", "? {b: *a30}\n: x",
    "k: {*a30:x}", "? - *a30\n: x", "k:\n- ? [[*a30]]\n  : x",
  ])
  func aliasesThatMultiplyInsideAKeyAreStoppedBeforeTheyUnfold(key: String) {
    var document = "a0: &a0 [x,x]\n"
    for level in 1...30 { document += "a\(level): &a\(level) [*a\(level - 1),*a\(level - 1)]\n" }
    #expect(errors(ofWhole: document + key).map(\.code) == [.wrongShape])
  }

  @Test func anAsteriskInAWordAndAnAliasAsAValueAreRead() {
    #expect(
      errors(
        """
        tun: {name: &n "a*b"}
        destinations: [{name: lab, remoteHosts: [{host: *n}]}]
        """) == [])
    #expect(errors("tun: {\"*\": 1}").map(\.code) == [.unknownKey])
    #expect(errors("tun: {mtu: *nothing}").map(\.code) == [.notYAML])
  }

  @Test func nestingBeyondTheLimitIsStopped() {
    let deep = String(repeating: "[", count: 17) + String(repeating: "]", count: 17)
    #expect(errors("x: \(deep)").map(\.code) == [.tooLarge])
    let abyss = String(repeating: "[", count: 50_000)
    #expect(errors("x: \(abyss)").count == 1)
  }

  @Test func aListAtItsLimitIsReadAndOnePastItIsNot() {
    let addresses = (1...65).map { "192.0.2.\($0)" }
    let full = "listen: {addresses: [\(addresses.prefix(64).joined(separator: ","))]}"
    #expect(errors(full) == [])
    let over = "listen: {addresses: [\(addresses.joined(separator: ","))]}"
    #expect(errors(over).map(\.code) == [.tooMany])
  }
}

@Suite(.timeLimit(.minutes(5))) struct LargeConfigurationTests {
  @Test func theMostUsersAreReadAndOneMoreIsNot() throws {
    let document = { (count: Int) in
      "preSharedKeys: [{secret: x}]\npools: [{addresses: 10.0.0.0/24}]\nusers:\n"
        + (1...count).map { "- {name: user\($0), password: p}\n" }.joined()
    }
    let secrets = CompleteDocuments.secrets
    let full = try ConfigurationLoader.gateway(yaml: document(User.usersMax), secrets: secrets)
    #expect(full.configuration.users.count == 20_000)
    #expect(errors(ofWhole: document(User.usersMax + 1)).map(\.code) == [.tooMany])
  }
}
