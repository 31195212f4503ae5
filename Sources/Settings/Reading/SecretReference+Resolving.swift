import Primitives

extension SecretReference {
  /// The longest secret; PPP's own limit for a password is 255 bytes, a pre-shared key has none.
  static let secretBytesMax = 1024

  /// Looks the secret up.
  ///
  /// - Throws: `secretUnavailable` when the reference leads to nothing, `emptyValue` and
  ///   `outOfRange` for what it leads to.
  func resolve(with source: SecretSource) throws(FormProblem) -> Secret {
    var bytes: [UInt8]
    switch self {
    case .literal(let text): bytes = Array(text.utf8)
    case .file(let path): bytes = try Self.contents(of: path, from: source)
    case .environment(let name):
      guard let text = source.environment(name) else {
        throw FormProblem(
          .secretUnavailable, "the environment variable \(name) is not set",
          cause: "the program was started without it",
          next: "set \(name), or use file:PATH")
      }
      bytes = Array(text.utf8)
    case .credential(let name):
      guard let directory = source.environment("CREDENTIALS_DIRECTORY") else {
        throw FormProblem(
          .secretUnavailable, "there is no credential \(name): CREDENTIALS_DIRECTORY is not set",
          cause: "the program does not run as a systemd service with LoadCredential=",
          next: "add LoadCredential=\(name):PATH to the unit, or use file:PATH")
      }
      guard !name.contains("/") else {
        throw FormProblem(
          .invalidValue, "a credential's name holds no slash", cause: "a path was written",
          next: "use file:PATH for a path")
      }
      bytes = try Self.contents(of: directory + "/" + name, from: source)
    }
    defer { wipe(&bytes) }
    guard !bytes.isEmpty else {
      throw FormProblem(
        .emptyValue, "the secret is empty", cause: "an empty file, variable or string",
        next: "put the secret there")
    }
    guard bytes.count <= Self.secretBytesMax else {
      throw FormProblem(
        .outOfRange, "the secret has \(bytes.count) bytes, at most \(Self.secretBytesMax) are used",
        cause: "the reference leads to another file", next: "check the reference")
    }
    return Secret(bytes)
  }

  /// Without one trailing line break, which every editor adds.
  private static func contents(
    of path: String, from source: SecretSource
  ) throws(FormProblem) -> [UInt8] {
    var bytes: [UInt8]
    do {
      bytes = try source.file(path)
    } catch {
      throw FormProblem(
        .secretUnavailable, "the file \(path) cannot be read", cause: "\(error)",
        next: "create it readable for this user only (mode 0600)")
    }
    if bytes.last == 0x0A { bytes.removeLast() }
    if bytes.last == 0x0D { bytes.removeLast() }
    return bytes
  }
}
