import Foundation
import Synchronization

/// A folder of a test's own. It goes with its owner, or with the process where something holds on to
/// its owner until then: a store, a task that nobody waited for.
public final class TemporaryFolder: Sendable {
  private static let living = Mutex<Set<String>>([])
  private static let removesAllAtTheEnd: Bool = atexit { removeAll() } == 0

  public let path: String

  /// Short enough for the path of a socket in it (`sun_path` has 108 bytes).
  public init() throws {
    path = FileManager.default.temporaryDirectory.appending(path: "db-\(UUID().uuidString)").path()
    precondition(Self.removesAllAtTheEnd, "there is room for a last wish")
    try FileManager.default.createDirectory(
      atPath: path, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
    Self.living.withLock { _ = $0.insert(path) }
  }

  deinit {
    try? FileManager.default.removeItem(atPath: path)
    Self.living.withLock { _ = $0.remove(path) }
  }

  /// The path of something in it.
  public func file(_ name: String) -> String { "\(path)/\(name)" }

  /// What is in it.
  public var names: [String] {
    ((try? FileManager.default.contentsOfDirectory(atPath: path)) ?? []).sorted()
  }

  private static func removeAll() {
    let paths = living.withLock { living in
      defer { living = [] }
      return living
    }
    for path in paths { try? FileManager.default.removeItem(atPath: path) }
  }
}
