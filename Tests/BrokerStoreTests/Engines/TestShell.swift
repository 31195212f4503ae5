import Foundation
import Glibc
import Programs
import Synchronization

/// A shell that answers one line to each line. It is told to end by the end of its input, which comes
/// also when this process is killed.
///
/// Spawned by hand: signals that are blocked on this thread are not blocked there, and a Ctrl-C at the
/// terminal does not reach it before it has cleaned up.
final class TestShell: Sendable {
  private let input: FileHandle
  private let output: FileHandle
  private let process: pid_t
  private let hasEnded = Mutex(false)

  init(script: String, arguments: [String]) throws {
    let (toShell, input) = try Self.pipe()
    let (output, fromShell) = try Self.pipe()
    defer {
      close(toShell)
      close(fromShell)
    }
    self.input = FileHandle(fileDescriptor: input, closeOnDealloc: true)
    self.output = FileHandle(fileDescriptor: output, closeOnDealloc: true)

    var actions = posix_spawn_file_actions_t()
    posix_spawn_file_actions_init(&actions)
    defer { posix_spawn_file_actions_destroy(&actions) }
    posix_spawn_file_actions_adddup2(&actions, toShell, 0)
    posix_spawn_file_actions_adddup2(&actions, fromShell, 1)
    posix_spawn_file_actions_addopen(&actions, 2, "/dev/null", O_WRONLY, 0)
    // It outlives other programs that tests start: nothing of theirs may stay open in it.
    closeInherited(&actions)
    var attributes = posix_spawnattr_t()
    posix_spawnattr_init(&attributes)
    defer { posix_spawnattr_destroy(&attributes) }
    var none = sigset_t()
    sigemptyset(&none)
    posix_spawnattr_setsigmask(&attributes, &none)
    posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETPGROUP))

    var words = (["sh", "-c", script, "sh"] + arguments).map { strdup($0) } + [nil]
    defer { for word in words { free(word) } }
    var process = pid_t()
    let code = posix_spawn(&process, "/bin/sh", &actions, &attributes, &words, environ)
    guard code == 0 else {
      throw TestPostgreSQL.Problem(
        description: "cannot run /bin/sh: \(String(cString: strerror(code)))")
    }
    self.process = process
  }

  /// Waits for it to clean up. An ended program that nobody waited for would keep every test that ends
  /// in a process of its own from hearing of that end.
  deinit { end() }

  /// The same, without waiting for the last owner to go; said twice, it does nothing.
  func end() {
    let isFirst = hasEnded.withLock { hasEnded in
      defer { hasEnded = true }
      return !hasEnded
    }
    guard isFirst else { return }
    try? input.close()
    var status: Int32 = 0
    while waitpid(process, &status, 0) < 0, errno == EINTR {}
  }

  /// Closed in every program that this one starts, but where it is handed on.
  private static func pipe() throws -> (read: Int32, write: Int32) {
    var ends: [Int32] = [0, 0]
    guard Glibc.pipe(&ends) == 0 else {
      throw TestPostgreSQL.Problem(description: "no pipe: \(String(cString: strerror(errno)))")
    }
    for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
    return (ends[0], ends[1])
  }

  func ask(_ line: String) -> String? {
    try? input.write(contentsOf: Data("\(line)\n".utf8))
    return nextLine()
  }

  /// `nil` when the shell has ended.
  func nextLine() -> String? {
    var line: [UInt8] = []
    while let byte = output.readData(ofLength: 1).first {
      guard byte != UInt8(ascii: "\n") else { return String(decoding: line, as: UTF8.self) }
      line.append(byte)
    }
    return nil
  }
}
