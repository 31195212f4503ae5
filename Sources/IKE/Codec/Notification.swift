import Primitives

/// Notify message types (RFC 2408 §3.14.1, RFC 2407 §4.6.3, RFC 3706 §5.4).
public struct NotifyType: RawRepresentable, Hashable, Sendable {
  public var rawValue: UInt16
  public init(rawValue: UInt16) { self.rawValue = rawValue }

  public static let invalidPayloadType = NotifyType(rawValue: 1)
  public static let noProposalChosen = NotifyType(rawValue: 14)
  public static let payloadMalformed = NotifyType(rawValue: 16)
  public static let invalidIDInformation = NotifyType(rawValue: 18)
  public static let invalidHashInformation = NotifyType(rawValue: 23)
  public static let authenticationFailed = NotifyType(rawValue: 24)
  public static let responderLifetime = NotifyType(rawValue: 24576)
  public static let replayStatus = NotifyType(rawValue: 24577)
  public static let initialContact = NotifyType(rawValue: 24578)
  public static let rUThere = NotifyType(rawValue: 36136)
  public static let rUThereACK = NotifyType(rawValue: 36137)

  /// Types 1 to 16383 report an error (RFC 2408 §3.14.1).
  public var isError: Bool { (1...16_383).contains(rawValue) }
}

extension NotifyType: CustomStringConvertible {
  /// The name of the RFC, or the number.
  public var description: String {
    switch self {
    case .invalidPayloadType: "INVALID-PAYLOAD-TYPE"
    case .noProposalChosen: "NO-PROPOSAL-CHOSEN"
    case .payloadMalformed: "PAYLOAD-MALFORMED"
    case .invalidIDInformation: "INVALID-ID-INFORMATION"
    case .invalidHashInformation: "INVALID-HASH-INFORMATION"
    case .authenticationFailed: "AUTHENTICATION-FAILED"
    case .responderLifetime: "RESPONDER-LIFETIME"
    case .replayStatus: "REPLAY-STATUS"
    case .initialContact: "INITIAL-CONTACT"
    case .rUThere: "R-U-THERE"
    case .rUThereACK: "R-U-THERE-ACK"
    default: "notify \(rawValue)"
    }
  }
}

/// The body of a Notification payload (RFC 2408 §3.14).
public struct Notification: Hashable, Sendable {
  public var protocolID: SecurityProtocol
  public var spi: [UInt8]
  public var type: NotifyType
  public var data: [UInt8]

  public init(
    _ type: NotifyType, protocolID: SecurityProtocol, spi: [UInt8] = [], data: [UInt8] = []
  ) {
    self.protocolID = protocolID
    self.spi = spi
    self.type = type
    self.data = data
  }

  public init(parsing body: [UInt8]) throws(Violation) {
    var reader = ByteReader(body)
    // The domain of interpretation is 0 or 1 in notifications of real peers (RFC 2408 §3.14).
    guard let doi = reader.readUInt32(), doi <= 1, let protocolID = reader.readUInt8(),
      let spiBytes = reader.readUInt8(), let type = reader.readUInt16(),
      let spi = reader.readBytes(Int(spiBytes))
    else { throw .notification }
    self.init(
      NotifyType(rawValue: type), protocolID: SecurityProtocol(rawValue: protocolID), spi: spi,
      data: reader.readRest())
  }

  public var bytes: [UInt8] {
    var writer = ByteWriter(capacityBytes: 8 + spi.count + data.count)
    writer.write(UInt32(1))
    writer.write(protocolID.rawValue)
    writer.write(UInt8(truncatingIfNeeded: spi.count))
    writer.write(type.rawValue)
    writer.write(spi)
    writer.write(data)
    return writer.bytes
  }

  /// The four-byte sequence number of a DPD message (RFC 3706 §5.3); `nil` when it has another
  /// length.
  var sequence: UInt32? {
    guard data.count == 4 else { return nil }
    return data.reduce(0) { $0 << 8 | UInt32($1) }
  }
}

/// The body of a Delete payload (RFC 2408 §3.15).
public struct Delete: Hashable, Sendable {
  public var protocolID: SecurityProtocol
  /// All of one length: 4 bytes for ESP, 16 for ISAKMP.
  public var spis: [[UInt8]]

  public init(protocolID: SecurityProtocol, spis: [[UInt8]]) {
    self.protocolID = protocolID
    self.spis = spis
  }

  public init(parsing body: [UInt8]) throws(Violation) {
    var reader = ByteReader(body)
    guard let doi = reader.readUInt32(), doi <= 1, let protocolID = reader.readUInt8(),
      let spiBytes = reader.readUInt8(), let count = reader.readUInt16(), count > 0
    else { throw .delete }
    self.init(protocolID: SecurityProtocol(rawValue: protocolID), spis: [])
    guard Int(spiBytes) == expectedSPIBytes, reader.remaining == Int(count) * Int(spiBytes)
    else { throw .delete }
    while let spi = reader.readBytes(Int(spiBytes)) { spis.append(spi) }
  }

  private var expectedSPIBytes: Int {
    switch protocolID {
    case .isakmp: 16
    case .ah, .esp: 4
    default: -1
    }
  }

  public var bytes: [UInt8] {
    var writer = ByteWriter(capacityBytes: 64)
    writer.write(UInt32(1))
    writer.write(protocolID.rawValue)
    writer.write(UInt8(truncatingIfNeeded: spis.first?.count ?? 0))
    writer.write(UInt16(truncatingIfNeeded: spis.count))
    for spi in spis { writer.write(spi) }
    return writer.bytes
  }
}
