import Foundation

/// A program that a test ran to its end.
///
/// Spawned by hand: Foundation's `Process` tells the end of a program by a descriptor that every
/// program started meanwhile inherits, and then waits for that one, too.
public struct ProgramRun: Sendable {
  /// The exit code; 128 and the signal's number for a program that a signal ended.
  public let status: Int32
  public let output: String
  public let error: String

  /// Why a program could not be run.
  public struct Problem: Error, CustomStringConvertible {
    public let description: String
  }

  /// Runs `words`, of which the first is the program, found by `PATH`, in `folder`.
  ///
  /// Waits on a thread of its own: there are as many threads for tasks as there are cores, and a test
  /// that held one would keep the server that its program asks from answering.
  public init(_ words: [String], in folder: String = ".") async throws {
    self = try await withCheckedThrowingContinuation { continuation in
      Thread.detachNewThread {
        continuation.resume(with: Result { try ProgramRun(waitingFor: words, in: folder) })
      }
    }
  }

  private init(waitingFor words: [String], in folder: String) throws {
    let output = try Self.scratch()
    defer { close(output) }
    let error = try Self.scratch()
    defer { close(error) }
    let process = try Self.spawn(words, in: folder, output: output, error: error)
    var status: Int32 = 0
    while waitpid(process, &status, 0) < 0, errno == EINTR {}
    self.status = status & 0x7f == 0 ? (status >> 8) & 0xff : 128 + (status & 0x7f)
    self.output = Self.contents(of: output)
    self.error = Self.contents(of: error)
  }

  private static func spawn(
    _ words: [String], in folder: String, output: Int32, error: Int32
  ) throws -> pid_t {
    var actions = posix_spawn_file_actions_t()
    posix_spawn_file_actions_init(&actions)
    defer { posix_spawn_file_actions_destroy(&actions) }
    posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0)
    posix_spawn_file_actions_adddup2(&actions, output, 1)
    posix_spawn_file_actions_adddup2(&actions, error, 2)
    closeInherited(&actions)
    // Threads of ours block signals; a child that inherits that cannot be stopped.
    var attributes = posix_spawnattr_t()
    posix_spawnattr_init(&attributes)
    defer { posix_spawnattr_destroy(&attributes) }
    var none = sigset_t()
    sigemptyset(&none)
    posix_spawnattr_setsigmask(&attributes, &none)
    posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETSIGMASK))
    var arguments = (["env", "-C", folder] + words).map { strdup($0) } + [nil]
    defer { for argument in arguments { free(argument) } }
    var process = pid_t()
    let code = posix_spawnp(&process, "env", &actions, &attributes, &arguments, environ)
    guard code == 0 else {
      throw Problem(description: "cannot run \(words): \(String(cString: strerror(code)))")
    }
    return process
  }

  /// A file without a name, gone with its descriptor.
  private static func scratch() throws -> Int32 {
    var path = Array((NSTemporaryDirectory() + "drawbridge-test-XXXXXX").utf8CString)
    let descriptor = mkstemp(&path)
    guard descriptor >= 0 else {
      throw Problem(description: "no file for output: \(String(cString: strerror(errno)))")
    }
    unlink(path)
    _ = fcntl(descriptor, F_SETFD, FD_CLOEXEC)
    return descriptor
  }

  private static func contents(of descriptor: Int32) -> String {
    lseek(descriptor, 0, SEEK_SET)
    let file = FileHandle(fileDescriptor: descriptor, closeOnDealloc: false)
    return String(decoding: file.readDataToEndOfFile(), as: UTF8.self)
  }
}

/// Closes in a program to be spawned whatever it would inherit besides its first three descriptors;
/// those that are not open are passed over.
public func closeInherited(_ actions: inout posix_spawn_file_actions_t) {
  for descriptor in Int32(3)..<1024 {
    posix_spawn_file_actions_addclose(&actions, descriptor)
  }
}
