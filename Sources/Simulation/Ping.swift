import Primitives

/// A user's packet in the simulation: an IPv4 packet that carries a number.
public struct Ping: Sendable, Equatable {
  /// RFC 3692's number for experiments, so that nothing takes it for another protocol.
  private static let protocolNumber: UInt8 = 253
  private static let bytesTotal = 28

  public var source: IPv4Address
  public var destination: IPv4Address
  public var number: UInt32
  public var isReply: Bool

  public init(from source: IPv4Address, to destination: IPv4Address, number: UInt32) {
    self.source = source
    self.destination = destination
    self.number = number
    isReply = false
  }

  /// `nil` for anything that is not such a packet.
  public init?(parsing packet: [UInt8]) {
    var reader = ByteReader(packet)
    guard packet.count == Self.bytesTotal, reader.readUInt8() == 0x45, reader.skip(8),
      reader.readUInt8() == Self.protocolNumber, reader.skip(2),
      let source = reader.readUInt32(), let destination = reader.readUInt32(),
      let number = reader.readUInt32(), let kind = reader.readUInt32()
    else { return nil }
    self.source = IPv4Address(source)
    self.destination = IPv4Address(destination)
    self.number = number
    isReply = kind == 1
  }

  public var reply: Ping {
    var reply = Ping(from: destination, to: source, number: number)
    reply.isReply = true
    return reply
  }

  public var bytes: [UInt8] {
    var writer = ByteWriter(capacityBytes: Self.bytesTotal)
    writer.write(UInt16(0x4500))
    writer.write(UInt16(Self.bytesTotal))
    writer.write(UInt32(0))
    writer.write([64, Self.protocolNumber, 0, 0])
    writer.write(source.value)
    writer.write(destination.value)
    writer.write(number)
    writer.write(UInt32(isReply ? 1 : 0))
    return writer.bytes
  }
}
