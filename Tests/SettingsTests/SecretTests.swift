import Foundation
import Primitives
import Testing

@testable import Settings

@Suite(.timeLimit(.minutes(5))) struct SecretTests {
  private func secret(_ text: String) throws(FormProblem) -> Secret {
    try SecretReference(text).resolve(with: CompleteDocuments.secrets)
  }

  @Test func referencesAreFollowedAndOneLineBreakIsDropped() throws {
    #expect(try secret("file:/psk") == Secret(text: "opensesame"))
    #expect(try secret("env:PASSWORD") == Secret(text: "word"))
    #expect(try secret("credential:tunnel") == Secret(text: "tunnel"))
    #expect(try secret("plain") == Secret(text: "plain"))
    #expect(try secret("a:b") == Secret(text: "a:b"))
  }

  @Test(arguments: [
    ("file:/absent", Finding.Code.secretUnavailable), ("env:ABSENT", .secretUnavailable),
    ("credential:absent", .secretUnavailable), ("credential:../psk", .invalidValue),
    ("file:/empty", .emptyValue), ("file:/long", .outOfRange),
  ])
  func whatLeadsNowhereSaysSo(text: String, code: Finding.Code) {
    #expect { try secret(text) } throws: { ($0 as? FormProblem)?.code == code }
  }

  @Test func aSecretAtTheLengthLimitIsTakenAndOnePastItIsNot() throws {
    #expect(try secret(String(repeating: "x", count: 1024)).count == 1024)
    #expect(throws: FormProblem.self) { try secret(String(repeating: "x", count: 1025)) }
  }

  @Test func noSecretReachesADescription() throws {
    let configuration = try gateway()
    let options = GatewayOptions()
    for text in ["\(configuration)", String(reflecting: configuration), "\(options)"] {
      #expect(!text.contains("opensesame") && !text.contains("word\""))
    }
    var dial = DialOptions()
    dial.psk = "geheim"
    dial.gateway = "not an address"
    #expect { try dial.configuration() } throws: { !"\($0)".contains("geheim") }
  }

  @Test func aLiteralSecretInAFileThatOthersMayReadIsWarnedOf() throws {
    let folder = FileManager.default.temporaryDirectory.appending(path: UUID().uuidString)
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    let path = folder.appending(path: "gateway.yaml").path()
    let text = """
      preSharedKeys: [{secret: literal}]
      pools: [{addresses: 10.0.0.0/24}]
      users: [{name: anna, password: "env:PASSWORD"}]
      """
    try text.write(toFile: path, atomically: false, encoding: .utf8)
    for (mode, expected) in [(0o644, [Finding.Code.exposedSecret]), (0o600, [])] {
      try FileManager.default.setAttributes([.posixPermissions: mode], ofItemAtPath: path)
      let loaded = try ConfigurationLoader.gateway(
        file: ConfigurationFile(reading: path), secrets: CompleteDocuments.secrets)
      #expect(loaded.warnings.map(\.code) == expected)
    }
  }

  @Test func aFileThatCannotBeReadIsRefused() {
    for path in ["/nonexistent/gateway.yaml", "/", "/dev/null/x"] {
      #expect { try ConfigurationFile(reading: path) } throws: {
        ($0 as? ConfigurationRefused)?.errors.map(\.code) == [.unreadableFile]
      }
    }
  }
}
