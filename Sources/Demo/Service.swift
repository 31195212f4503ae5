import Foundation

/// The connection service on the stage: where its parts keep their files, and how people ask it.
struct Service {
  static let product = "PBX-0042"
  static let people = ["anna", "ben", "carl"]
  static let brokerAddress = "https://203.0.113.1:8443"
  /// What the broker says of its certificate when it starts.
  let fingerprint: String

  /// A person's command, as that person would type it, run where that person sits.
  func command(of person: String, in space: String, _ words: [String]) -> [String] {
    [
      "ip", "netns", "exec", space, "env", "DRAWBRIDGE_BROKER=\(Self.brokerAddress)",
      "DRAWBRIDGE_FINGERPRINT=\(fingerprint)", "DRAWBRIDGE_TOKEN=file:\(Self.token(of: person))",
      Stage.program,
    ] + words
  }

  static func token(of person: String) -> String {
    person == "admin" ? "/run/broker/admin.token" : "/run/\(person).token"
  }

  /// Writes a file that only its owner reads.
  static func write(_ text: String, to path: String) throws {
    let isWritten = FileManager.default.createFile(
      atPath: path, contents: Data(text.utf8), attributes: [.posixPermissions: 0o600])
    guard isWritten else { throw StageFailure(description: "\(path) cannot be written") }
  }

  /// - Parameter folder: where the events are left for the person who watches.
  static func brokerFile(folder: URL) -> String {
    """
    listen: {address: 203.0.113.1, port: 8443}
    data: /run/broker
    events: {file: "\(folder.appendingPathComponent("events.jsonl").path)"}

    """
  }

  func gatewayFile(captureKeys folder: URL) -> String {
    let users = ([Self.product] + Self.people).map {
      "  - {name: \($0), password: \(Play.password)}"
    }
    return """
      listen: {addresses: [\(Stage.gatewayAddress)]}
      preSharedKeys: [{secret: \(Play.secret)}]
      pools: [{addresses: \(Stage.pool)}]
      users:
      \(users.joined(separator: "\n"))
      control: {socket: \(Stage.gatewaySocket)}
      log: {captureKeys: "\(folder.path)"}
      broker:
        url: \(Self.brokerAddress)
        token: file:\(Self.token(of: "gateway"))
        fingerprint: "\(fingerprint)"

      """
  }

  func agentFile() -> String {
    """
    broker:
      url: \(Self.brokerAddress)
      token: file:/run/device.token
      fingerprint: "\(fingerprint)"
    credentials:
      - name: default
        gateway: \(Stage.gatewayAddress)
        preSharedKey: \(Play.secret)
        user: \(Self.product)
        password: \(Play.password)
        routes: [\(Stage.pool)]
    history: {path: /run/agent.sqlite}
    control: {socket: /run/agent.sock}

    """
  }
}
