import ArgumentParser
import BrokerClient
import ConnectionService
import Control
import Glibc

/// `drawbridge agent enrol`: turns the one-time code into the device's own token.
struct AgentEnrolCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "enrol",
    abstract: "Enrol this device with the code that `drawbridge device enrol` printed.",
    discussion: "The token is written to a new file that only its owner may read.")

  @Option(help: ArgumentHelp("The broker, https://HOST[:PORT].", valueName: "url"))
  var broker: String

  @Option(help: ArgumentHelp("The one-time code.", valueName: "code"))
  var code: String

  @Option(help: ArgumentHelp("Where the token is written.", valueName: "path"))
  var tokenFile: String

  @Option(help: ArgumentHelp("A PEM file of authorities.", valueName: "file"), completion: .file())
  var authorities: String?

  @Option(help: ArgumentHelp("The SHA-256 of the broker's own certificate.", valueName: "hex"))
  var fingerprint: String?

  func run() async throws {
    // Before the code is spent: it is good for one time only.
    let file = try TokenFile(creating: tokenFile)
    let trust: BrokerAddress.Trust =
      if let fingerprint {
        .fingerprint(fingerprint.filter { $0 != ":" }.lowercased())
      } else if let authorities {
        .authorities(path: authorities)
      } else {
        .system
      }
    do {
      let client = try BrokerClient(
        address: BrokerAddress(url: broker, trust: trust), token: "",
        logger: ProgramLog(level: .warning).logger)
      let reply = try await client.enrol(EnrolRequest(code: code))
      try file.write(reply.token)
      Terminal.write(
        "enrolled as \(reply.productID) of \(reply.organisation); token in \(tokenFile)")
    } catch {
      file.remove()
      throw error
    }
  }
}

/// A new file for a token, for its owner alone.
struct TokenFile {
  private let path: String
  private let descriptor: Int32

  /// - Throws: `refused` when the file is there already or cannot be made.
  init(creating path: String) throws(ControlError) {
    self.path = path
    descriptor = unsafe open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0o600)
    guard descriptor >= 0 else { throw Self.unusable(path) }
  }

  func write(_ token: String) throws(ControlError) {
    let bytes = Array("\(token)\n".utf8)
    let written = unsafe Glibc.write(descriptor, bytes, bytes.count)
    guard written == bytes.count, fsync(descriptor) == 0 else { throw Self.unusable(path) }
    close(descriptor)
  }

  func remove() {
    close(descriptor)
    unsafe unlink(path)
  }

  private static func unusable(_ path: String) -> ControlError {
    let reason = unsafe String(cString: strerror(errno))
    return ControlError(
      .refused, "the token cannot be written to \(path): \(reason)",
      cause: "the file is there already, or the folder is not writable",
      nextStep: "name another file; the code is still good")
  }
}
