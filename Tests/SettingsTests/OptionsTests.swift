import Foundation
import Primitives
import Testing

@testable import Settings

@Suite(.timeLimit(.minutes(5))) struct OptionsTests {
  @Test func theCommandLineBuildsTheSameValueAsTheFile() throws {
    var options = GatewayOptions()
    options.listen = ["192.0.2.1"]
    options.psk = "file:/psk"
    options.users = ["anna:env:PASSWORD", "otto:a:b"]
    options.pool = "10.9.0.0/24"
    options.singleShot = true
    options.idleTimeout = "30s"
    options.destructTimeout = "10s"
    options.tun = "none"
    options.socket = "/tmp/g.sock"
    let file = """
      listen: {addresses: [192.0.2.1]}
      tun: {name: none}
      control: {socket: /tmp/g.sock}
      isakmp: {policies: [{proposals: compatible}]}
      ipsec: {policies: [{transforms: compatible}]}
      preSharedKeys: [{secret: "file:/psk"}]
      pools: [{addresses: 10.9.0.0/24}]
      users: [{name: anna, password: "env:PASSWORD"}, {name: otto, password: "a:b"}]
      destinations:
        - remoteHosts: [{singleShotTunnel: true, idleTimeout: 30s, destructTimeout: 10s}]
      """
    let secrets = CompleteDocuments.secrets
    let expected = try ConfigurationLoader.gateway(yaml: file, secrets: secrets)
    #expect(try options.configuration(secrets: secrets).configuration == expected.configuration)
  }

  @Test func errorsNameTheOption() {
    var options = GatewayOptions()
    options.psk = "env:ABSENT"
    options.pool = "10.9.0.0"
    options.users = ["anna"]
    options.idleTimeout = "86401s"
    #expect { try options.configuration(secrets: CompleteDocuments.secrets) } throws: { error in
      let found = (error as? ConfigurationRefused)?.errors.map(\.origin)
      return found == [
        .option("--psk"), .option("--pool"), .option("--idle-timeout"), .option("--user"),
      ]
    }
  }

  @Test func anEmptyCommandLineLacksAPoolAndAKey() {
    #expect { try GatewayOptions().configuration(secrets: CompleteDocuments.secrets) } throws: {
      ($0 as? ConfigurationRefused)?.errors.map(\.path) == ["pools", "preSharedKeys"]
    }
  }

  @Test func gatewayOptionsReplaceTheFilesKeysButNotItsTunnelRules() throws {
    var options = GatewayOptions()
    options.socket = "/tmp/other.sock"
    options.tun = "none"
    options.users = ["otto:word"]
    let file = ConfigurationFile(
      path: "gateway.yaml", text: CompleteDocuments.gateway, isReadableByOthers: false)
    let loaded = try options.configuration(over: file, secrets: CompleteDocuments.secrets)
    #expect(loaded.configuration.controlSocket == "/tmp/other.sock")
    #expect(loaded.configuration.tun.name == nil && loaded.configuration.tun.mtuBytes == 1300)
    #expect(loaded.configuration.users.map(\.name) == ["otto"])
    #expect(loaded.configuration.pools.map(\.name) == ["office"])
    #expect(loaded.configuration.destinations.first?.remoteHosts.first?.singleShotTunnel == true)
  }

  @Test func aDialProfileNeedsGatewayKeyUserAndPassword() {
    #expect { try DialOptions().configuration(secrets: CompleteDocuments.secrets) } throws: {
      ($0 as? ConfigurationRefused)?.errors.map(\.path)
        == ["gateway", "preSharedKey", "user", "password"]
    }
  }

  @Test func dialOptionsReplaceTheProfilesKeys() throws {
    var options = DialOptions()
    options.gateway = "192.0.2.77"
    options.tun = "vpn7"
    options.routes = ["172.16.0.0/12"]
    let file = ConfigurationFile(
      path: "dial.yaml", text: CompleteDocuments.dial, isReadableByOthers: false)
    let profile = try options.configuration(over: file, secrets: CompleteDocuments.secrets)
      .configuration
    #expect(profile.gateway == .v4(IPv4Address(192, 0, 2, 77)))
    #expect(profile.isakmpPolicy.peer == .address(profile.gateway))
    #expect(profile.ipsecPolicy.peer == .address(profile.gateway))
    #expect(profile.tun.name == "vpn7" && profile.tun.mtuBytes == 1300)
    #expect(profile.routes.map(\.description) == ["172.16.0.0/12"])
    #expect(profile.user == "anna" && profile.inactivity == .seconds(300))
    #expect(profile.isakmpPolicy.retryIkeAttempts == .limited(16))
    #expect(profile.listen.ikePort == 0)
  }

  @Test func theExamplesAreValid() throws {
    let secrets = SecretSource(
      file: { _ in Array("secret".utf8) }, environment: { _ in "/run/credentials" })
    let folder = DocumentationTests.root.appending(path: "Packaging/examples")
    let gateway = try ConfigurationLoader.gateway(
      yaml: String(contentsOf: folder.appending(path: "gateway.yaml"), encoding: .utf8),
      secrets: secrets)
    #expect(gateway.warnings == [])
    #expect(gateway.configuration.users.map(\.name) == ["anna", "branch"])
    let dial = try ConfigurationLoader.dial(
      yaml: String(contentsOf: folder.appending(path: "dial.yaml"), encoding: .utf8),
      secrets: secrets)
    #expect(dial.warnings == [])
  }
}
