import CLinux
import Glibc

/// Owns the shim's message headers, addresses and control data for one batch.
///
/// Not private to the file that uses it: Swift 6.3.1 with cross-module optimisation crashes on a
/// private noncopyable type with a `deinit` that a client destroys.
struct DatagramBatch: ~Copyable {
  let pointer: OpaquePointer

  /// - Parameter operation: what the error is about when there is no memory.
  init(_ operation: String) throws(SystemError) {
    guard let pointer = clinux_batch_create() else { throw SystemError(operation, errno: ENOMEM) }
    self.pointer = pointer
  }

  deinit { clinux_batch_destroy(pointer) }
}
