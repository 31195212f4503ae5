import Foundation
import Glibc

/// Files that only their owner may read.
enum PrivateFile {
  struct Failure: Error, CustomStringConvertible {
    let path: String
    let code: Int32

    var description: String {
      unsafe "\(path): \(String(cString: strerror(code)))"
    }
  }

  /// Writes the whole file (mode 0600), so that a crash leaves the old one, the new one or none.
  static func write(_ text: String, to path: String) throws {
    let temporary = path + ".new"
    let descriptor = try open(temporary, flags: O_WRONLY | O_CREAT | O_TRUNC)
    do {
      try append(Array(text.utf8), to: descriptor, path: temporary)
    } catch {
      Glibc.close(descriptor)
      throw error
    }
    Glibc.close(descriptor)
    guard unsafe rename(temporary, path) == 0 else { throw Failure(path: path, code: errno) }
  }

  static func open(_ path: String, flags: Int32) throws -> Int32 {
    let descriptor = unsafe Glibc.open(path, flags | O_CLOEXEC, 0o600)
    guard descriptor >= 0 else { throw Failure(path: path, code: errno) }
    return descriptor
  }

  /// Writes everything and waits until it is on the disk.
  static func append(_ bytes: [UInt8], to descriptor: Int32, path: String) throws {
    var rest = bytes[...]
    while !rest.isEmpty {
      let count = unsafe rest.withUnsafeBytes {
        unsafe Glibc.write(descriptor, $0.baseAddress, $0.count)
      }
      guard count > 0 || errno == EINTR else { throw Failure(path: path, code: errno) }
      rest = rest.dropFirst(max(count, 0))
    }
    guard fsync(descriptor) == 0 else { throw Failure(path: path, code: errno) }
  }

}
