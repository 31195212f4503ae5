/// What a peer did wrong: the frame is dropped, counted, and changes nothing.
public enum PPPViolation: Int, Error, CaseIterable, Sendable {
  /// The frame or packet ends before its fields do.
  case truncated
  /// The frame is longer than any MRU that we announce.
  case frameTooLong
  /// A packet's length field is below its header or beyond the frame.
  case badLength
  /// An option's length is below 2 or beyond the packet.
  case badOptionLength
  /// More options than a packet may carry.
  case tooManyOptions
  /// A reply names another request than the one outstanding, or the same one again.
  case unexpectedIdentifier
  /// A Configure-Ack whose options are not those of the request, byte for byte.
  case alteredAck
  /// A Configure-Reject of options that were not asked for.
  case foreignReject
  /// A packet that the present phase or state has no use for.
  case unexpectedPacket
  /// A frame of a network protocol before the link is authenticated (RFC 1661 §3.5).
  case beforeAuthentication
  /// A challenge or response value of a length that its algorithm does not have.
  case badValueSize
  /// A user or system name above 256 bytes.
  case nameTooLong
  /// A packet of the other role: a Response to the peer, a Challenge or Success to the
  /// authenticator.
  case wrongRole
  /// Our own magic number came back: the link is looped.
  case loopedBack
  /// More unknown protocols or codes in one second than are answered.
  case rejectBudgetSpent
}

/// How often each violation was seen on one link.
public struct PPPViolationCounts: Sendable, Equatable {
  private var counts = [UInt64](repeating: 0, count: PPPViolation.allCases.count)

  /// How often `violation` was seen.
  public subscript(violation: PPPViolation) -> UInt64 { counts[violation.rawValue] }

  /// All violations together.
  public var total: UInt64 { counts.reduce(0, &+) }

  mutating func note(_ violation: PPPViolation) { counts[violation.rawValue] &+= 1 }
}
