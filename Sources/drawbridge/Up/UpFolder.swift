import ConnectionService
import Foundation
import Primitives
import Settings

/// The folder in which `drawbridge up` keeps everything: made at the first start, kept afterwards.
struct UpFolder {
  /// The device and the operator that its gateway knows; the operator's tunnel is granted what the
  /// user of the first token connects to.
  static let device = "device-1"
  static let operatorUser = "admin"
  static let pool = "10.66.0.0/24"

  let path: String
  /// Where devices and operators reach this host.
  let address: String

  var brokerFile: String { path + "/broker.yaml" }
  var gatewayFile: String { path + "/gateway.yaml" }
  var agentFile: String { path + "/agent.yaml" }
  var operatorFile: String { path + "/operator.yaml" }
  var environmentFile: String { path + "/env" }
  var adminToken: String { path + "/broker/admin.token" }
  var gatewayToken: String { path + "/gateway.token" }

  /// - Throws: `badRequest` for a folder that cannot be made or written.
  init(path: String, address: String) throws(Refusal) {
    self.path = URL(fileURLWithPath: path).path
    self.address = address
    do {
      try FileManager.default.createDirectory(
        atPath: self.path, withIntermediateDirectories: true,
        attributes: [.posixPermissions: 0o700])
    } catch {
      throw Self.unwritable(self.path, "\(error.localizedDescription)")
    }
  }

  /// Writes what the broker is told; what is there already stays, for the person may have changed it.
  func prepareBroker(port: Int) throws(Refusal) {
    try write(
      """
      # Made by `drawbridge up`; yours to change.
      listen: {address: "\(address)", port: \(port)}
      data: "\(path)/broker"
      events: {file: "\(path)/events.jsonl"}

      """, to: brokerFile)
  }

  /// Writes the gateway's, the device's and the operator's files around fresh secrets.
  ///
  /// - Parameter ready: the broker that they ask.
  func prepareTunnels(url: String, fingerprint: String) throws(Refusal) {
    try writeSecrets()
    try write(gatewayText(url: url, fingerprint: fingerprint), to: gatewayFile)
    try write(agentText(url: url, fingerprint: fingerprint), to: agentFile)
    try write(
      """
      # An operator's own tunnel: drawbridge connect \(Self.device) --dial \(operatorFile)
      gateway: "\(address)"
      preSharedKey: file:\(path)/psk
      user: \(Self.operatorUser)
      password: file:\(path)/\(Self.operatorUser).password
      routes: \(routes)
      control: {socket: "\(path)/operator.sock"}

      """, to: operatorFile)
    try write(
      """
      export DRAWBRIDGE_BROKER=\(url)
      export DRAWBRIDGE_FINGERPRINT=\(fingerprint)
      export DRAWBRIDGE_TOKEN=file:\(adminToken)

      """, to: environmentFile)
  }

  /// Nothing but this host reaches a loopback address, and its route to the pool is the gateway's.
  var isForThisHostAlone: Bool { IPAddress(address)?.isLoopback ?? false }

  private var routes: String { isForThisHostAlone ? "[]" : "[\(Self.pool)]" }

  private func writeSecrets() throws(Refusal) {
    var random = SystemRandomNumberGenerator()
    for name in ["psk", "\(Self.device).password", "\(Self.operatorUser).password"] {
      let digits = random.bytes(20).map { byte in
        (byte < 16 ? "0" : "") + String(byte, radix: 16)
      }
      try write(digits.joined() + "\n", to: "\(path)/\(name)")
    }
  }

  private func gatewayText(url: String, fingerprint: String) -> String {
    """
    # Made by `drawbridge up`; yours to change. A device's user is its product id.
    listen: {addresses: ["\(address)"]}
    preSharedKeys: [{secret: "file:\(path)/psk"}]
    pools: [{addresses: \(Self.pool)}]
    users:
      - {name: \(Self.device), password: "file:\(path)/\(Self.device).password"}
      - {name: \(Self.operatorUser), password: "file:\(path)/\(Self.operatorUser).password"}
    control: {socket: "\(path)/gateway.sock"}
    broker: {url: "\(url)", token: "file:\(gatewayToken)", fingerprint: "\(fingerprint)"}

    """
  }

  private func agentText(url: String, fingerprint: String) -> String {
    """
    # For the device, with the files that it names.
    broker: {url: "\(url)", token: "file:\(path)/agent.token", fingerprint: "\(fingerprint)"}
    credentials:
      - name: default
        gateway: "\(address)"
        preSharedKey: "file:\(path)/psk"
        user: \(Self.device)
        password: "file:\(path)/\(Self.device).password"
        routes: \(routes)
    history: {path: "\(path)/agent.sqlite"}
    control: {socket: "\(path)/agent.sock"}

    """
  }

  /// Writes a file that only its owner reads, unless there is one.
  func write(_ text: String, to file: String) throws(Refusal) {
    guard !FileManager.default.fileExists(atPath: file) else { return }
    let isWritten = FileManager.default.createFile(
      atPath: file, contents: Data(text.utf8), attributes: [.posixPermissions: 0o600])
    guard isWritten else { throw Self.unwritable(file, "it cannot be written") }
  }

  private static func unwritable(_ path: String, _ why: String) -> Refusal {
    Refusal(
      .badRequest, "\(path) cannot be made: \(why)", cause: "this user may not write there",
      nextStep: "name another folder with --folder")
  }
}
