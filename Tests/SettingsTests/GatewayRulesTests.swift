import Primitives
import Testing

@testable import Settings

@Suite(.timeLimit(.minutes(5))) struct GatewayRulesTests {
  @Test func aSmallGatewayHasTheSpecificationsDefaults() throws {
    let configuration = try gateway()
    let policy = try #require(configuration.isakmpPolicies.first)
    #expect(policy.peer == .any)
    #expect(policy.msgRetryLimit == 8 && policy.msgTimeout == .seconds(4))
    #expect(policy.msgBackoff == .incremental && policy.retryIkeAttempts == .limited(0))
    let host = try #require(configuration.destinations.first?.remoteHosts.first)
    #expect(host.host == .anyOther && host.ipsecTransport && !host.singleShotTunnel)
    #expect(host.idleTimeout == .seconds(60) && host.destructTimeout == .seconds(600))
    #expect(host.pppProfile == "default")
    #expect(configuration.pppProfiles.map(\.pool) == ["office"])
    #expect(configuration.listen.clearL2TPPort == nil)
    #expect(configuration.ipsecPolicies.map(\.replayWindowPackets) == [64])
  }

  @Test func retriesAreRefusedWithoutOneSpecificPeerInBothPolicies() {
    let documents = [
      "isakmp: {policies: [{retryIkeAttempts: 1}]}",
      "isakmp: {policies: [{peer: 192.0.2.0/24, retryIkeAttempts: continuous}]}",
      """
      isakmp: {policies: [{peer: 192.0.2.9, retryIkeAttempts: 1}]}
      ipsec: {policies: [{peer: any}]}
      """,
      """
      isakmp: {policies: [{peer: 192.0.2.9, retryIkeAttempts: 1}]}
      ipsec: {policies: [{peer: 192.0.2.8}]}
      """,
      """
      isakmp: {policies: [{name: a, peer: 192.0.2.9, retryIkeAttempts: 1}, {name: b}]}
      ipsec: {policies: [{isakmpPolicy: b}]}
      """,
    ]
    for document in documents {
      let found = errors(document)
      #expect(found.map(\.code) == [.retriesNeedPeer], "\(document)")
      #expect(found.first?.origin == .line(1))
    }
    #expect(errors("isakmp: {policies: [{peer: 192.0.2.9, retryIkeAttempts: 16}]}") == [])
  }

  @Test func aNameThatNothingHasIsRefusedWithTheNearestOne() {
    let found = errors(
      """
      pppProfiles:
        - pool: ofice
      """)
    #expect(found.map(\.code) == [.unknownReference])
    #expect(found.first?.cause == "“office” was meant, most likely")
    #expect(found.first?.origin == .line(2))
    #expect(errors("ipsec: {policies: [{isakmpPolicy: x}]}").map(\.code) == [.unknownReference])
    #expect(
      errors("destinations: [{remoteHosts: [{pppProfile: x}]}]").map(\.code)
        == [.unknownReference])
  }

  @Test func withSeveralToChooseFromTheChoiceMustBeMade() {
    let found = errors(
      "isakmp: {policies: [{name: a}, {name: b, peer: 192.0.2.1}]}\nipsec: {policies: [{}]}")
    #expect(found.map(\.code) == [.missingKey])
    #expect(found.first?.path == "ipsec.policies[0].isakmpPolicy")
  }

  @Test(arguments: [
    """
    isakmp: {policies: [{name: a}, {name: a, peer: 192.0.2.1}]}
    ipsec: {policies: [{isakmpPolicy: a}]}
    """,
    "destinations: [{name: a}, {name: a, remote: 192.0.2.1}]",
    "destinations: [{name: a}, {name: b}]",
    "destinations: [{remoteHosts: [{host: rig}, {host: rig}]}]",
    "pppProfiles: [{name: a}, {name: a}]\ndestinations: [{remoteHosts: [{pppProfile: a}]}]",
  ])
  func namesAndPeersOccurOnce(document: String) {
    #expect(errors(document).map(\.code) == [.duplicateName])
  }

  @Test func poolsMayNotOverlapNorUsersShareAnAddress() {
    let pools = errors(
      ofWhole: """
        preSharedKeys: [{secret: x}]
        pools:
          - {name: a, addresses: 10.0.0.0/24}
          - {name: b, addresses: 10.0.0.254-10.0.1.9}
        pppProfiles: [{pool: a}]
        """)
    #expect(pools.map(\.path) == ["pools[1].addresses"])
    let users = errors(
      ofWhole: """
        preSharedKeys: [{secret: x}]
        pools: [{addresses: 10.0.0.0/24}]
        users:
          - {name: a, password: x, address: 10.0.0.9}
          - {name: b, password: x, address: 10.0.0.9}
        """)
    #expect(users.map(\.path) == ["users[1].address"])
  }

  @Test func aGatewayWithoutIPsecNeedsNoPreSharedKey() {
    let document = """
      listen: {l2tp: 1701}
      pools: [{addresses: 10.0.0.0/24}]
      destinations: [{remoteHosts: [{ipsecTransport: false}]}]
      """
    #expect(errors(ofWhole: document) == [])
  }

  @Test func legacyAlgorithmsAndNobodyToLogInAreWarnedOf() throws {
    let loaded = try ConfigurationLoader.gateway(
      yaml: """
        preSharedKeys: [{secret: "file:/psk"}]
        pools: [{addresses: 10.0.0.0/24}]
        isakmp: {policies: [{proposals: [aes256-sha256-modp2048, aes256-md5-modp2048]}]}
        ipsec: {policies: [{transforms: legacy}]}
        """, secrets: CompleteDocuments.secrets)
    #expect(loaded.warnings.map(\.code) == [.legacyAlgorithms, .legacyAlgorithms, .noUsers])
    #expect(loaded.warnings.allSatisfy { $0.severity == .warning })
  }

  @Test func theNarrowestRemoteHostIsChosenByName() throws {
    let profile = try #require(
      try gateway("destinations: [{remoteHosts: [{host: default}, {host: rig}]}]").destinations
        .first)
    #expect(profile.remoteHost(named: "rig")?.host == .named("rig"))
    #expect(profile.remoteHost(named: "other")?.host == .anyOther)
  }
}
