import Foundation

/// A configuration file's text, and who else may read it.
public struct ConfigurationFile: Sendable {
  public var path: String
  public var text: String
  /// Whether users other than the owner may read the file.
  public var isReadableByOthers: Bool

  public init(path: String, text: String, isReadableByOthers: Bool) {
    self.path = path
    self.text = text
    self.isReadableByOthers = isReadableByOthers
  }

  /// Reads the file at `path`.
  public init(reading path: String) throws(ConfigurationRefused) {
    let data: Data
    do {
      data = try SecretSource.contents(of: path, bytesMax: YAMLDocument.bytesMax)
    } catch {
      throw Self.refusal(
        "the file \(path) cannot be read", cause: "\(error)", next: "check the path and its mode")
    }
    guard let text = String(data: data, encoding: .utf8) else {
      throw Self.refusal(
        "the file \(path) is not UTF-8", cause: "another encoding, or not a text",
        next: "save it as UTF-8")
    }
    let attributes = try? FileManager.default.attributesOfItem(atPath: path)
    let mode = (attributes?[.posixPermissions] as? NSNumber)?.intValue ?? 0
    self.init(path: path, text: text, isReadableByOthers: mode & 0o044 != 0)
  }

  private static func refusal(
    _ what: String, cause: String, next: String
  ) -> ConfigurationRefused {
    ConfigurationRefused(findings: [
      Finding(
        severity: .error, code: .unreadableFile, origin: .whole, path: "", what: what,
        cause: cause, nextStep: next)
    ])
  }
}

extension SecretSource {
  /// This process's environment and file system.
  public static let system = SecretSource(
    file: { Array(try contents(of: $0, bytesMax: 1 << 16)) },
    environment: { ProcessInfo.processInfo.environment[$0] })

  /// Why a file could not be read, for people.
  struct Unreadable: Error, CustomStringConvertible {
    var description: String
  }

  /// Reads at most `bytesMax` bytes, so that a device or a wrong path does no harm.
  static func contents(of path: String, bytesMax: Int) throws(Unreadable) -> Data {
    guard let handle = FileHandle(forReadingAtPath: path) else {
      let exists = FileManager.default.fileExists(atPath: path)
      throw Unreadable(description: exists ? "permission denied" : "there is no such file")
    }
    defer { try? handle.close() }
    let data: Data?
    do {
      data = try handle.read(upToCount: bytesMax + 1)
    } catch {
      throw Unreadable(description: "it is a folder, or the disk failed")
    }
    guard let data else { return Data() }
    guard data.count <= bytesMax else {
      throw Unreadable(description: "it has more than \(bytesMax) bytes")
    }
    return data
  }
}
