import Control
import Glibc

/// The socket's file: claimed before the server binds, guarded while it serves, removed at the end.
///
/// A live process behind the path is never disturbed, a file left over by a dead one is replaced.
/// The folder is locked while we look and bind, so that two that start at once cannot take the path
/// from each other.
struct ControlSocket: ~Copyable {
  private let path: String
  private var folderLock: Int32?
  /// The umask to restore once the socket is bound.
  private var formerMask: mode_t?
  /// Device and inode of the file that we bound.
  private var identity: (device: dev_t, inode: ino_t)?

  /// Makes sure that `path` is free to bind.
  ///
  /// - Throws: `refused` when something else has the path, `unreachable` for a folder that cannot be
  ///   made or opened.
  init(claiming path: String) throws(ControlError) {
    self.path = path
    let folder = path.lastIndex(of: "/").map { String(path[..<$0]) } ?? "."
    if unsafe mkdir(folder, 0o755) != 0, errno != EEXIST { throw Self.unusable(folder) }
    let descriptor = unsafe open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    guard descriptor >= 0 else { throw Self.unusable(folder) }
    guard flock(descriptor, LOCK_EX) == 0 else {
      Glibc.close(descriptor)
      throw Self.unusable(folder)
    }
    do throws(ControlError) {
      try Self.clear(path)
    } catch {
      Glibc.close(descriptor)
      throw error
    }
    folderLock = descriptor
    // The socket is born for its owner only; there is no moment at which others could connect.
    formerMask = umask(0o077)
  }

  /// Notes the file that is bound now, and lets others into the folder again.
  mutating func bound() {
    unsafe chmod(path, 0o600)
    var status = stat()
    if unsafe lstat(path, &status) == 0 { identity = (status.st_dev, status.st_ino) }
    releaseFolder()
  }

  /// Removes the file, if it is still the one that we bound.
  mutating func remove() {
    releaseFolder()
    guard let identity else { return }
    var status = stat()
    guard unsafe lstat(path, &status) == 0, status.st_dev == identity.device,
      status.st_ino == identity.inode
    else { return }
    unsafe unlink(path)
    self.identity = nil
  }

  private mutating func releaseFolder() {
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
