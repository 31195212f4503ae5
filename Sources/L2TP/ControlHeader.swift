import Primitives

/// The header of a control message (RFC 2661 §3.1), 12 bytes: flags and version, Length, Tunnel
/// ID, Session ID, Ns, Nr.
public struct ControlHeader: Hashable, Sendable {
  /// Bytes on the wire.
  public static let byteCount = 12

  /// The recipient's name for the tunnel; 0 when it is not known yet.
  public var tunnelID: UInt16
  /// The recipient's name for the session; 0 for the tunnel itself.
  public var sessionID: UInt16
  /// Sequence number of this message.
  public var ns: UInt16
  /// Sequence number that the sender expects next.
  public var nr: UInt16
  /// The whole message in bytes, header included.
  public var lengthBytes: Int

  /// A message of the header alone is a zero-length body: an acknowledgement (§5.8).
  public var isZLB: Bool { lengthBytes == Self.byteCount }

  // §3.1: |T|L|x|x|S|x|O|P|x|x|x|x|Ver|
  private static let typeBit: UInt16 = 0x8000
  private static let lengthBit: UInt16 = 0x4000
  private static let sequenceBit: UInt16 = 0x0800
  private static let offsetBit: UInt16 = 0x0200
  private static let priorityBit: UInt16 = 0x0100
  private static let versionMask: UInt16 = 0x000f
  private static let version: UInt16 = 2

  init(tunnelID: UInt16, sessionID: UInt16, ns: UInt16, nr: UInt16, lengthBytes: Int) {
    self.tunnelID = tunnelID
    self.sessionID = sessionID
    self.ns = ns
    self.nr = nr
    self.lengthBytes = lengthBytes
  }

  /// Reads the header of `message`, a whole UDP payload. Bytes beyond the Length field are no part
  /// of the message; reserved bits are ignored, as §3.1 demands.
  public init(parsing message: [UInt8]) throws(Violation) {
    var reader = ByteReader(message)
    guard let flags = reader.readUInt16() else { throw .headerTruncated }
    guard flags & Self.versionMask == Self.version else { throw .headerVersion }
    guard flags & Self.typeBit != 0 else { throw .dataMessage }
    let required = Self.lengthBit | Self.sequenceBit
    guard flags & required == required, flags & (Self.offsetBit | Self.priorityBit) == 0 else {
      throw .headerFlags
    }
    guard let length = reader.readUInt16(), let tunnelID = reader.readUInt16(),
      let sessionID = reader.readUInt16(), let ns = reader.readUInt16(),
      let nr = reader.readUInt16()
    else { throw .headerTruncated }
    guard length >= Self.byteCount, length <= message.count else { throw .headerLength }
    self.init(
      tunnelID: tunnelID, sessionID: sessionID, ns: ns, nr: nr, lengthBytes: Int(length))
  }

  func write(to writer: inout ByteWriter) {
    writer.write(Self.typeBit | Self.lengthBit | Self.sequenceBit | Self.version)
    writer.write(UInt16(truncatingIfNeeded: lengthBytes))
    writer.write(tunnelID)
    writer.write(sessionID)
    writer.write(ns)
    writer.write(nr)
  }
}
