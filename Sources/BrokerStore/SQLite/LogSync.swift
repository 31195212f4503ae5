import Glibc
import Synchronization

/// Brings the commits in SQLite's write-ahead log to the disk, many with one call.
///
/// With `synchronous` FULL SQLite does this itself, once for each commit and with the file locked: a
/// disk that needs 4 ms would allow 250 commits a second. Here a thread that has committed waits for the
/// call in progress, and the next call covers all that have committed meanwhile. Otherwise it is the
/// same: nobody is told of a commit, nor of anything read after it, before it is on the disk.
final class LogSync: Sendable {
  /// Number of the last commit that has to last; written with the database locked.
  private let committed = Atomic<UInt64>(0)
  private let synced = Atomic<UInt64>(0)
  private let file = Mutex<File>(.closed)

  private enum File {
    case closed
    case open(Int32)
    /// After one failure the kernel may call lost pages clean: no later success is believed.
    case failed(String)
  }

  private let path: String

  /// - Parameter path: the database's.
  init(path: String) { self.path = path + "-wal" }

  deinit {
    file.withLock { file in
      if case .open(let descriptor) = file { close(descriptor) }
    }
  }

  /// The last commit that has to last.
  var lastCommit: UInt64 { committed.load(ordering: .acquiring) }

  /// The last commit that is known to be on the disk.
  var lastSynced: UInt64 { synced.load(ordering: .acquiring) }

  /// A commit that has to last is in the log. One thread at a time, with the database locked.
  func noteCommit() { committed.add(1, ordering: .releasing) }

  /// Returns when all commits up to this one are on the disk.
  func sync(upTo commit: UInt64) throws(SQLFault) {
    guard lastSynced < commit else { return }
    let failure: String? = file.withLock { file in
      guard lastSynced < commit else { return nil }
      let all = lastCommit
      switch file {
      case .failed(let text): return text
      case .closed:
        let descriptor = unsafe Glibc.open(path, O_RDWR | O_CLOEXEC)
        guard descriptor >= 0 else { return fail(&file) }
        file = .open(descriptor)
        guard fdatasync(descriptor) == 0 else { return fail(&file) }
      case .open(let descriptor):
        guard fdatasync(descriptor) == 0 else { return fail(&file) }
      }
      synced.store(all, ordering: .releasing)
      return nil
    }
    if let failure { throw .commitUnknown(failure) }
  }

  private func fail(_ file: inout File) -> String {
    let text = unsafe "\(path) cannot be synced: \(String(cString: strerror(errno)))"
    file = .failed(text)
    return text
  }
}
