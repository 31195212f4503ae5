import Glibc

/// Leaves the socket file of a process that is gone.
func leaveDeadSocket(at path: String) throws {
  struct Failure: Error {}
  let descriptor = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0)
  defer { close(descriptor) }
  var address = sockaddr_un()
  address.sun_family = sa_family_t(AF_UNIX)
  unsafe withUnsafeMutableBytes(of: &address.sun_path) {
    unsafe $0.copyBytes(from: Array(path.utf8) + [0])
  }
  let size = socklen_t(MemoryLayout<sockaddr_un>.size)
  let result = unsafe withUnsafePointer(to: address) { pointer in
    unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
      unsafe bind(descriptor, $0, size)
    }
  }
  guard result == 0 else { throw Failure() }
}
