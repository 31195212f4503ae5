import IPPacket

/// The header of an L2TP data message (RFC 2661 §3.1).
struct L2TPDataHeader {
  /// Flags, tunnel id and session id.
  static let bytesMin = 6
  /// The longest that is written: with Ns and Nr.
  static let bytesMax = 10

  private static let control: UInt16 = 0x8000
  private static let length: UInt16 = 0x4000
  private static let sequence: UInt16 = 0x0800
  private static let offset: UInt16 = 0x0200
  private static let versionMask: UInt16 = 0x000F
  private static let version: UInt16 = 2

  var tunnelID: UInt16
  var sessionID: UInt16
  var hasSequence: Bool
  /// The PPP frame.
  var payload: Range<Int>

  /// Whether the message, of two bytes at least, is one of the control connection.
  static func isControl(_ arena: borrowing PacketArena, _ message: Range<Int>) -> Bool {
    arena.uint16(at: message.lowerBound) & control != 0
  }

  /// The reserved bits and P say nothing to a receiver; what lies behind Length is not the
  /// message's.
  static func parse(
    _ arena: borrowing PacketArena, _ message: Range<Int>
  ) -> Result<L2TPDataHeader, Failure> {
    guard message.count >= bytesMin else { return .failure(.badHeader) }
    let flags = arena.uint16(at: message.lowerBound)
    guard flags & versionMask == version else { return .failure(.badVersion) }
    var next = message.lowerBound + 2
    var end = message.upperBound
    if flags & length != 0 {
      let total = Int(arena.uint16(at: next))
      guard total <= message.count else { return .failure(.badHeader) }
      end = message.lowerBound + total
      next += 2
    }
    let hasSequence = flags & sequence != 0
    let fixed = 4 + (hasSequence ? 4 : 0) + (flags & offset != 0 ? 2 : 0)
    guard fixed <= end - next else { return .failure(.badHeader) }
    let tunnelID = arena.uint16(at: next)
    let sessionID = arena.uint16(at: next + 2)
    next += fixed
    if flags & offset != 0 {
      let skipped = Int(arena.uint16(at: next - 2))
      guard skipped <= end - next else { return .failure(.badHeader) }
      next += skipped
    }
    return .success(
      L2TPDataHeader(
        tunnelID: tunnelID, sessionID: sessionID, hasSequence: hasSequence, payload: next..<end))
  }

  /// What was wrong.
  enum Failure: Error {
    case badHeader, badVersion

    var drop: Drop {
      switch self {
      case .badHeader: .badL2TPHeader
      case .badVersion: .badL2TPVersion
      }
    }
  }

  /// Length of a header as `write` makes it.
  static func bytes(withSequence hasSequence: Bool) -> Int { hasSequence ? bytesMax : bytesMin }

  /// Writes the shortest header there is: no Length (the datagram has one), no Offset.
  static func write(
    in arena: inout PacketArena, at start: Int, tunnelID: UInt16, sessionID: UInt16, ns: UInt16?
  ) {
    arena.store(version | (ns == nil ? 0 : sequence), at: start)
    arena.store(tunnelID, at: start + 2)
    arena.store(sessionID, at: start + 4)
    guard let ns else { return }
    arena.store(ns, at: start + 6)
    // Nr is reserved in data messages.
    arena.store(UInt16(0), at: start + 8)
  }
}
