/// Key material or a password: compared in constant time, wiped when the last reference goes, and
/// never printed.
public final class Secret: Sendable, Equatable, CustomStringConvertible {
  private nonisolated(unsafe) var bytes: [UInt8]

  public init(_ bytes: [UInt8]) { unsafe self.bytes = bytes }

  /// A pre-shared key or password as the user typed it (UTF-8, no terminator).
  public convenience init(text: String) { self.init(Array(text.utf8)) }

  deinit { unsafe wipe(&bytes) }

  public var count: Int { unsafe bytes.count }

  public var isEmpty: Bool { unsafe bytes.isEmpty }

  /// Lends the bytes to `body`; callers must not keep them longer than they need.
  public func withBytes<Result, Failure: Error>(
    _ body: ([UInt8]) throws(Failure) -> Result
  ) throws(Failure) -> Result {
    try unsafe body(bytes)
  }

  /// Equality in constant time (for equal lengths).
  public static func == (left: Secret, right: Secret) -> Bool {
    unsafe equalInConstantTime(left.bytes, right.bytes)
  }

  /// Never the content: secrets must not reach a log.
  public var description: String { "<secret>" }
}

/// Compares without an early exit; only the lengths may be learnt from the time it takes.
public func equalInConstantTime(_ left: [UInt8], _ right: [UInt8]) -> Bool {
  guard left.count == right.count else { return false }
  var difference: UInt8 = 0
  for index in left.indices { difference |= left[index] ^ right[index] }
  return difference == 0
}

/// Overwrites `bytes` with zeros in a way that the optimiser may not leave out.
@inline(never)
public func wipe(_ bytes: inout [UInt8]) {
  unsafe bytes.withUnsafeMutableBytes { unsafe wipe($0.baseAddress, $0.count) }
}

/// Eight bytes at a time; not optimised, so that no store is left out.
@inline(never)
@_optimize(none)
private func wipe(_ base: UnsafeMutableRawPointer?, _ count: Int) {
  guard let base = unsafe base else { return }
  var offset = 0
  while offset &+ 8 <= count {
    unsafe base.storeBytes(of: 0, toByteOffset: offset, as: UInt64.self)
    offset = offset &+ 8
  }
  while offset < count {
    unsafe base.storeBytes(of: 0, toByteOffset: offset, as: UInt8.self)
    offset = offset &+ 1
  }
}
