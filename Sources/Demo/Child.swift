import Foundation
import Synchronization

/// A program that the demonstration runs: its lines are kept and can be waited for.
///
/// Spawned and waited for by hand: Foundation's `Process.waitUntilExit` was seen to wait for ever
/// here, in a run loop that nobody wakes.
final class Child: Sendable {
  private struct State {
    var lines: [String] = []
    var partial = ""
    /// The exit status, once the program has ended; 128 and the signal that killed it otherwise.
    var exitCode: Int32?
  }

  private let pid: pid_t
  private let state = Mutex(State())
  private let changed = DispatchSemaphore(value: 0)
  let name: String

  /// Starts `arguments` (the first is the program, found by `PATH`).
  init(_ name: String, _ arguments: [String]) throws {
    self.name = name
    let pipe = Pipe()
    pid = try Self.spawn(arguments, output: pipe.fileHandleForWriting.fileDescriptor)
    try? pipe.fileHandleForWriting.close()
    let reader = pipe.fileHandleForReading
    let read = DispatchSemaphore(value: 0)
    Thread.detachNewThread { [self] in
      while case let data = reader.availableData, !data.isEmpty { take(data) }
      read.signal()
    }
    Thread.detachNewThread { [self] in
      var status: Int32 = 0
      while waitpid(pid, &status, 0) < 0, errno == EINTR {}
      // What the program wrote last is read before its end is told; somebody whom it left behind
      // may hold the pipe open for longer.
      _ = read.wait(timeout: .now() + 0.5)
      let code = status & 0x7f == 0 ? (status >> 8) & 0xff : 128 + (status & 0x7f)
      state.withLock { $0.exitCode = code }
      changed.signal()
    }
  }

  private static func spawn(_ arguments: [String], output: Int32) throws -> pid_t {
    var actions = posix_spawn_file_actions_t()
    posix_spawn_file_actions_init(&actions)
    defer { posix_spawn_file_actions_destroy(&actions) }
    posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0)
    posix_spawn_file_actions_adddup2(&actions, output, 1)
    posix_spawn_file_actions_adddup2(&actions, output, 2)
    // Threads of ours block signals; a child that inherits that cannot be stopped.
    var attributes = posix_spawnattr_t()
    posix_spawnattr_init(&attributes)
    defer { posix_spawnattr_destroy(&attributes) }
    var none = sigset_t()
    sigemptyset(&none)
    posix_spawnattr_setsigmask(&attributes, &none)
    posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETSIGMASK))
    var words = arguments.map { strdup($0) } + [nil]
    defer { for word in words { free(word) } }
    var pid: pid_t = 0
    let result = posix_spawnp(&pid, words[0] ?? strdup(""), &actions, &attributes, &words, environ)
    guard result == 0 else {
      throw StageFailure(
        description: "cannot run \(arguments.first ?? ""): \(String(cString: strerror(result)))")
    }
    return pid
  }

  /// Every line printed so far.
  var lines: [String] { state.withLock { $0.lines } }

  /// The same as one text.
  var text: String { lines.joined(separator: "\n") }

  private func take(_ data: Data) {
    state.withLock { state in
      state.partial += String(decoding: data, as: UTF8.self)
      var pieces = state.partial.split(separator: "\n", omittingEmptySubsequences: false)
      state.partial = String(pieces.removeLast())
      state.lines += pieces.map(String.init)
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

  private func line(within seconds: Double, where matches: (String) -> Bool) -> String? {
    lines(count: 1, within: seconds, where: matches).first
  }

  /// Waits until so many lines contain `text`; none when that many did not come.
  func lines(containing text: String, count: Int, within seconds: Double) -> [String] {
    lines(count: count, within: seconds) { $0.contains(text) }
  }

  private func lines(
    count: Int, within seconds: Double, where matches: (String) -> Bool
  ) -> [String] {
    let deadline = DispatchTime.now() + seconds
    while true {
      let (found, isOver) = state.withLock { state in
        (state.lines.filter(matches), state.exitCode != nil)
      }
      if found.count >= count { return found }
      if isOver || changed.wait(timeout: deadline) == .timedOut { return [] }
    }
  }

  /// Waits for the end of the program; `nil` when it has not ended within `seconds`.
  func exitCode(within seconds: Double) -> Int32? {
    let deadline = DispatchTime.now() + seconds
    while true {
      if let code = state.withLock({ $0.exitCode }) { return code }
      if changed.wait(timeout: deadline) == .timedOut { return nil }
    }
  }

  /// Asks the program to end; kills it when it does not within five seconds.
  func stop() {
    guard state.withLock({ $0.exitCode }) == nil else { return }
    kill(pid, SIGTERM)
    if exitCode(within: 5) == nil { kill(pid, SIGKILL) }
  }

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
