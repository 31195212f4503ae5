import Control
import Glibc

/// The claim to the socket's path, from before the server binds until it has.
///
/// A live process behind the path is never disturbed, a file left over by a dead one is replaced.
/// The folder is locked while we look and bind, so that two that start at once cannot take the path
/// from each other. SwiftNIO removes the file when it closes the socket.
struct ControlSocket: ~Copyable {
  /// Attempts at the folder's lock, 20 ms apart.
  private static let lockAttemptsMax = 500

  private let path: String
  private var folderLock: Int32?
  /// The umask to restore once the socket is bound.
  private var formerMask: mode_t?

  /// Makes sure that `path` is free to bind; waits for others that are binding in the same folder.
  ///
  /// - Throws: `refused` when something else has the path, `unreachable` for a folder that cannot
  ///   be made or opened.
  init(claiming path: String) async throws(ControlError) {
    self.path = path
    let folder = path.lastIndex(of: "/").map { String(path[..<$0]) } ?? "."
    if unsafe mkdir(folder, 0o700) != 0, errno != EEXIST { throw Self.unusable(folder) }
    let descriptor = unsafe open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    guard descriptor >= 0 else { throw Self.unusable(folder) }
    do throws(ControlError) {
      try await Self.lock(descriptor, folder)
      try Self.clear(path)
    } catch {
      Glibc.close(descriptor)
      throw error
    }
    folderLock = descriptor
    // The socket is born for its owner only; there is no moment at which others could connect.
    formerMask = umask(0o077)
  }

  /// Never blocks the thread: whoever has the lock may need it to get on.
  private static func lock(_ descriptor: Int32, _ folder: String) async throws(ControlError) {
    for _ in 0..<lockAttemptsMax {
      if flock(descriptor, LOCK_EX | LOCK_NB) == 0 { return }
      guard errno == EWOULDBLOCK || errno == EINTR else { throw unusable(folder) }
      try? await Task.sleep(for: .milliseconds(20))
    }
    throw ControlError(
      .refused, "somebody else has been making a socket in \(folder) for ten seconds",
      cause: "another process hangs while it starts",
      nextStep: "end that process, or choose another folder with --socket")
  }

  /// Opens the bound socket to its owner, and the folder to others.
  mutating func bound() {
    unsafe chmod(path, 0o600)
    release()
  }

  /// Gives up the claim; harmless once the socket is bound.
  mutating func release() {
    if let formerMask { umask(formerMask) }
    if let folderLock { Glibc.close(folderLock) }
    formerMask = nil
    folderLock = nil
  }

  private static func clear(_ path: String) throws(ControlError) {
    switch LocalSocket(at: path) {
    case .absent: return
    case .dead: unsafe unlink(path)
    case .live:
      throw ControlError(
        .refused, "another process answers on \(path)", cause: "it is running already",
        nextStep: "stop it, or choose another path with --socket")
    case .otherFile:
      throw ControlError(
        .refused, "\(path) exists and is no socket", cause: "the path was mistyped",
        nextStep: "choose another path with --socket; nothing was removed")
    case .forbidden:
      throw ControlError(
        .refused, "\(path) belongs to somebody else", cause: "it was made by another user",
        nextStep: "remove it as that user, or choose another path with --socket")
    }
  }

  private static func unusable(_ folder: String) -> ControlError {
    let reason = unsafe String(cString: strerror(errno))
    return ControlError(
      .unreachable, "the folder \(folder) cannot be used: \(reason)",
      cause: "it does not exist, or this user may not write there",
      nextStep: "create it, or choose another path with --socket")
  }
}
