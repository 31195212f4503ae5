import Foundation
import Synchronization

/// A program that the demonstration runs: its lines are kept and can be waited for.
final class Child: Sendable {
  private struct Output {
    var lines: [String] = []
    var partial = ""
    var isClosed = false
  }

  private let process: Process
  private let output = Mutex(Output())
  private let changed = DispatchSemaphore(value: 0)
  let name: String

  /// Starts `arguments` (the first is the program, found by `PATH`).
  init(_ name: String, _ arguments: [String]) throws {
    self.name = name
    process = Process()
    process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
    process.arguments = arguments
    process.standardInput = FileHandle.nullDevice
    let pipe = Pipe()
    process.standardOutput = pipe
    process.standardError = pipe
    try process.run()
    let reader = pipe.fileHandleForReading
    Thread.detachNewThread { [self] in
      while let data = try? reader.read(upToCount: 4_096), !data.isEmpty { take(data) }
      output.withLock { $0.isClosed = true }
      changed.signal()
    }
  }

  var isRunning: Bool { process.isRunning }

  /// Every line printed so far.
  var lines: [String] { output.withLock { $0.lines } }

  private func take(_ data: Data) {
    output.withLock { output in
      output.partial += String(decoding: data, as: UTF8.self)
      var pieces = output.partial.split(separator: "\n", omittingEmptySubsequences: false)
      output.partial = String(pieces.removeLast())
      output.lines += pieces.map(String.init)
    }
    changed.signal()
  }

  /// Waits until a line contains `text`; `nil` when the program ended or time is up without it.
  func line(containing text: String, within seconds: Double) -> String? {
    line(within: seconds) { $0.contains(text) }
  }

  /// The same, for a line that starts with `text`.
  func line(startingWith text: String, within seconds: Double) -> String? {
    line(within: seconds) { $0.hasPrefix(text) }
  }

  private func line(
    within seconds: Double, where matches: (String) -> Bool
  ) -> String? {
    let deadline = DispatchTime.now() + seconds
    while true {
      let (found, isClosed) = output.withLock { output in
        (output.lines.first(where: matches), output.isClosed)
      }
      if let found { return found }
      if isClosed || changed.wait(timeout: deadline) == .timedOut { return nil }
    }
  }

  /// Waits for the end of the program; `nil` when it has not ended within `seconds`.
  func exitCode(within seconds: Double) -> Int32? {
    let deadline = DispatchTime.now() + seconds
    while !output.withLock({ $0.isClosed }) {
      if changed.wait(timeout: deadline) == .timedOut { return nil }
    }
    process.waitUntilExit()
    return process.terminationStatus
  }

  /// Asks the program to end; kills it when it does not within five seconds.
  func stop() {
    guard process.isRunning else { return }
    process.terminate()
    if exitCode(within: 5) == nil { kill(process.processIdentifier, SIGKILL) }
  }

  func kill(_ pid: Int32, _ signal: Int32) { _ = Foundation.kill(pid, signal) }

  /// Runs a program to its end.
  static func run(
    _ arguments: [String], within seconds: Double = 20
  ) throws -> (
    code: Int32, output: String
  ) {
    let child = try Child(arguments.first ?? "", arguments)
    guard let code = child.exitCode(within: seconds) else {
      child.stop()
      return (124, child.lines.joined(separator: "\n") + "\n(no end within \(seconds) s)")
    }
    return (code, child.lines.joined(separator: "\n"))
  }
}
