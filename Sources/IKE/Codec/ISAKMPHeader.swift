import Primitives

/// The pair of cookies that names an ISAKMP SA (RFC 2408 §2.5.3).
public struct Cookies: Hashable, Sendable, CustomStringConvertible {
  public var initiator: UInt64
  /// Zero until the responder has answered.
  public var responder: UInt64

  public init(initiator: UInt64, responder: UInt64) {
    self.initiator = initiator
    self.responder = responder
  }

  /// Both cookies in network order, 16 bytes: the SPI of an ISAKMP SA in Delete and DPD.
  public var bytes: [UInt8] {
    var writer = ByteWriter(capacityBytes: 16)
    writer.write(initiator)
    writer.write(responder)
    return writer.bytes
  }

  /// The initiator's and the responder's cookie, 16 hexadecimal digits each.
  public var description: String { hexadecimal(initiator) + ":" + hexadecimal(responder) }
}

/// `value` as 16 lower-case hexadecimal digits.
func hexadecimal(_ value: UInt64) -> String {
  let digits = String(value, radix: 16)
  return String(repeating: "0", count: 16 - digits.utf8.count) + digits
}

/// Exchange types (RFC 2408 §3.1, RFC 2409 §5).
public struct ExchangeType: RawRepresentable, Hashable, Sendable {
  public var rawValue: UInt8
  public init(rawValue: UInt8) { self.rawValue = rawValue }

  /// Main mode.
  public static let identityProtection = ExchangeType(rawValue: 2)
  public static let aggressive = ExchangeType(rawValue: 4)
  public static let informational = ExchangeType(rawValue: 5)
  /// XAuth and mode config; not run by this engine.
  public static let transaction = ExchangeType(rawValue: 6)
  public static let quickMode = ExchangeType(rawValue: 32)
}

/// The fixed header of every ISAKMP message (RFC 2408 §3.1).
public struct ISAKMPHeader: Hashable, Sendable {
  /// Length of the header in bytes.
  public static let lengthBytes = 28
  /// The longest message that is looked at, in bytes.
  public static let messageBytesMax = 16_384

  public var cookies: Cookies
  public var firstPayload: PayloadType
  public var exchangeType: ExchangeType
  public var isEncrypted: Bool
  /// Set by Windows servers in quick mode; tolerated and ignored (RFC 2408 §3.1).
  public var isCommit: Bool
  public var messageID: UInt32

  public init(
    cookies: Cookies, firstPayload: PayloadType, exchangeType: ExchangeType,
    isEncrypted: Bool = false, isCommit: Bool = false, messageID: UInt32 = 0
  ) {
    self.cookies = cookies
    self.firstPayload = firstPayload
    self.exchangeType = exchangeType
    self.isEncrypted = isEncrypted
    self.isCommit = isCommit
    self.messageID = messageID
  }

  private static let encryptionFlag: UInt8 = 0x01
  private static let commitFlag: UInt8 = 0x02

  /// Reads and checks the header of `message`, which is one whole datagram.
  public init(parsing message: [UInt8]) throws(Violation) {
    guard message.count <= Self.messageBytesMax else { throw .messageTooLong }
    var reader = ByteReader(message)
    guard let initiator = reader.readUInt64(), let responder = reader.readUInt64(),
      let first = reader.readUInt8(), let version = reader.readUInt8(),
      let exchange = reader.readUInt8(), let flags = reader.readUInt8(),
      let messageID = reader.readUInt32(), let length = reader.readUInt32()
    else { throw .truncated }
    guard version >> 4 == 1 else { throw .version }
    guard UInt64(length) == UInt64(message.count) else { throw .headerLength }
    guard initiator != 0 else { throw .cookies }
    self.init(
      cookies: Cookies(initiator: initiator, responder: responder),
      firstPayload: PayloadType(rawValue: first),
      exchangeType: ExchangeType(rawValue: exchange),
      isEncrypted: flags & Self.encryptionFlag != 0, isCommit: flags & Self.commitFlag != 0,
      messageID: messageID)
  }

  /// The whole message: this header and `body`, its length filled in.
  public func message(with body: [UInt8]) -> [UInt8] {
    var writer = ByteWriter(capacityBytes: Self.lengthBytes + body.count)
    writer.write(cookies.initiator)
    writer.write(cookies.responder)
    writer.write(firstPayload.rawValue)
    writer.write(UInt8(0x10))
    writer.write(exchangeType.rawValue)
    writer.write(
      (isEncrypted ? Self.encryptionFlag : 0) | (isCommit ? Self.commitFlag : 0))
    writer.write(messageID)
    writer.write(UInt32(truncatingIfNeeded: Self.lengthBytes + body.count))
    writer.write(body)
    return writer.bytes
  }
}
