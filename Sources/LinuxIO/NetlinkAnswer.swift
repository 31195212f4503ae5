import Glibc

/// What the kernel says to one request, datagram by datagram, up to its acknowledgement.
struct NetlinkAnswer {
  private let sequence: UInt32
  /// What was said before the acknowledgement.
  private(set) var messages: [NetlinkMessage] = []

  /// - Parameter sequence: the request's number. Answers to a request that was given up earlier
  ///   carry another one.
  init(to sequence: UInt32) { self.sequence = sequence }

  /// Takes the next datagram.
  ///
  /// - Returns: whether the request is acknowledged, and the answer whole.
  /// - Throws: what the kernel refuses, with its own words where it has some.
  mutating func take(_ datagram: [UInt8], _ operation: String) throws(SystemError) -> Bool {
    for message in NetlinkMessage.parse(datagram) where message.sequence == sequence {
      guard let error = message.acknowledgedError else {
        messages.append(message)
        continue
      }
      guard error != 0 else { return true }
      throw SystemError(operation, errno: error, advice: Self.advice(error, message))
    }
    return false
  }

  private static func advice(_ error: Int32, _ message: NetlinkMessage) -> String? {
    error == EPERM ? "grant CAP_NET_ADMIN" : message.explanation
  }
}
