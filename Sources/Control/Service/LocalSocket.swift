import Glibc

/// What stands behind a UNIX socket's path, as far as can be told without asking anything.
public enum LocalSocket: Hashable, Sendable {
  case absent
  /// Somebody accepts connections.
  case live
  /// The file is left over: its process is gone.
  case dead
  /// Something that is no socket.
  case otherFile
  /// We may not look or connect.
  case forbidden

  /// Connects for a moment to find out.
  public init(at path: String) {
    var status = stat()
    guard unsafe lstat(path, &status) == 0 else {
      self = errno == EACCES ? .forbidden : .absent
      return
    }
    guard status.st_mode & S_IFMT == S_IFSOCK else {
      self = .otherFile
      return
    }
    let type =
      Int32(SOCK_STREAM.rawValue) | Int32(SOCK_NONBLOCK.rawValue)
      | Int32(SOCK_CLOEXEC.rawValue)
    guard let address = Self.address(path) else {
      self = .forbidden
      return
    }
    let descriptor = socket(AF_UNIX, type, 0)
    guard descriptor >= 0 else {
      self = .forbidden
      return
    }
    defer { close(descriptor) }
    self = Self.connect(descriptor, to: address)
  }

  private static func connect(_ descriptor: Int32, to address: sockaddr_un) -> LocalSocket {
    let size = socklen_t(MemoryLayout<sockaddr_un>.size)
    let result = unsafe withUnsafePointer(to: address) { pointer in
      unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        unsafe Glibc.connect(descriptor, $0, size)
      }
    }
    guard result != 0 else { return .live }
    return switch errno {
    // A full backlog is a sign of life.
    case EAGAIN, EINPROGRESS: .live
    case ECONNREFUSED: .dead
    case ENOENT: .absent
    default: .forbidden
    }
  }

  /// `nil` for a path that does not fit.
  private static func address(_ path: String) -> sockaddr_un? {
    var address = sockaddr_un()
    address.sun_family = sa_family_t(AF_UNIX)
    let bytes = Array(path.utf8) + [0]
    let fits = unsafe withUnsafeMutableBytes(of: &address.sun_path) { buffer in
      guard bytes.count <= buffer.count else { return false }
      unsafe buffer.copyBytes(from: bytes)
      return true
    }
    return fits ? address : nil
  }
}
