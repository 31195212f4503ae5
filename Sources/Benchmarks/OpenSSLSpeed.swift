import Foundation

/// Figures of `openssl speed` on this machine: the reference that anybody can repeat.
enum OpenSSLSpeed {
  /// Nanoseconds for one message of `bytes` bytes; `nil` where openssl cannot.
  static func nanosecondsPerMessage(
    _ arguments: [String], bytes: Int, _ effort: Effort
  ) -> Double? {
    let output = run(
      ["-seconds", String(effort.opensslSeconds), "-bytes", String(bytes)] + arguments)
    // "+F:25:AES-128-GCM:2146474716.98": bytes a second.
    guard let line = output.first(where: { $0.hasPrefix("+F:") }),
      let rate = line.split(separator: ":").last.flatMap({ Double($0) }), rate > 0
    else { return nil }
    return Double(bytes) / rate * 1e9
  }

  /// Key agreements a second; `nil` where openssl cannot.
  static func agreementsPerSecond(_ algorithm: String, _ effort: Effort) -> Double? {
    let output = run(["-seconds", String(effort.opensslSeconds), algorithm])
    // "+F8:0:2048:3587.179487:0.000279": bits, operations a second, seconds each.
    guard let line = output.first(where: { $0.hasPrefix("+F") }) else { return nil }
    let fields = line.split(separator: ":")
    return fields.count > 3 ? Double(fields[3]) : nil
  }

  private static func run(_ arguments: [String]) -> [String] {
    let process = Process()
    process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
    process.arguments = ["openssl", "speed", "-mr"] + arguments
    let pipe = Pipe()
    process.standardOutput = pipe
    process.standardError = FileHandle.nullDevice
    guard (try? process.run()) != nil else { return [] }
    let output = pipe.fileHandleForReading.readDataToEndOfFile()
    process.waitUntilExit()
    return String(decoding: output, as: UTF8.self).split(separator: "\n").map(String.init)
  }
}
