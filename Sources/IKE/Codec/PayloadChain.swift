import Primitives

/// The type of a payload (RFC 2408 §3.1, RFC 3947 §9); an open set, unknown types are skipped.
public struct PayloadType: RawRepresentable, Hashable, Sendable {
  public var rawValue: UInt8
  public init(rawValue: UInt8) { self.rawValue = rawValue }

  public static let none = PayloadType(rawValue: 0)
  public static let securityAssociation = PayloadType(rawValue: 1)
  public static let proposal = PayloadType(rawValue: 2)
  public static let transform = PayloadType(rawValue: 3)
  public static let keyExchange = PayloadType(rawValue: 4)
  public static let identification = PayloadType(rawValue: 5)
  public static let hash = PayloadType(rawValue: 8)
  public static let nonce = PayloadType(rawValue: 10)
  public static let notification = PayloadType(rawValue: 11)
  public static let delete = PayloadType(rawValue: 12)
  public static let vendorID = PayloadType(rawValue: 13)
  /// NAT-D of drafts 04 to 08, as old OS X sends it; 15 is also GDOI's SAK.
  public static let natDiscoveryDraft08 = PayloadType(rawValue: 15)
  public static let natOriginalAddressDraft08 = PayloadType(rawValue: 16)
  public static let natDiscovery = PayloadType(rawValue: 20)
  public static let natOriginalAddress = PayloadType(rawValue: 21)
  /// NAT-D of drafts 00 to 03.
  public static let natDiscoveryDraft03 = PayloadType(rawValue: 130)
  public static let natOriginalAddressDraft03 = PayloadType(rawValue: 131)

  /// Payload types of IKEv2 (RFC 7296 §3.2) have no business in an IKEv1 message; proposal and
  /// transform only occur inside an SA payload.
  var isForbiddenAtTopLevel: Bool {
    (33...54).contains(rawValue) || self == .proposal || self == .transform
  }
}

/// One payload: its type and what follows the generic header (RFC 2408 §3.2).
public struct Payload: Hashable, Sendable {
  /// Length of the generic payload header in bytes.
  public static let headerBytes = 4

  public var type: PayloadType
  public var body: [UInt8]

  public init(_ type: PayloadType, _ body: [UInt8]) {
    self.type = type
    self.body = body
  }
}

/// The payloads of one message in their order.
public struct PayloadChain: Hashable, Sendable {
  /// The most payloads in one message; real clients send up to 20.
  public static let payloadsMax = 40

  public var payloads: [Payload]
  /// Bytes of the chain without padding.
  public private(set) var lengthBytes: Int

  public init(_ payloads: [Payload]) {
    self.payloads = payloads
    lengthBytes = payloads.reduce(0) { $0 + Payload.headerBytes + $1.body.count }
  }

  /// What follows the chain inside a message.
  public enum Trailer: Sendable {
    /// Nothing may follow: the chain fills a clear message.
    case none
    /// Padding may follow: the chain was decrypted (RFC 2408 §3.1 leaves its content open).
    case padding
  }

  /// Reads the chain that starts with `first`.
  public init(
    parsing bytes: [UInt8], first: PayloadType, trailer: Trailer
  ) throws(Violation) {
    var reader = ByteReader(bytes)
    var type = first
    payloads = []
    while type != .none {
      guard payloads.count < Self.payloadsMax else { throw .payloadCount }
      guard !type.isForbiddenAtTopLevel else { throw .payloadType }
      guard let next = reader.readUInt8(), let reserved = reader.readUInt8(),
        let length = reader.readUInt16()
      else { throw .truncated }
      guard reserved == 0 else { throw .reserved }
      guard let body = reader.readBytes(Int(length) - Payload.headerBytes) else {
        throw .payloadLength
      }
      payloads.append(Payload(type, body))
      type = PayloadType(rawValue: next)
    }
    lengthBytes = reader.offset
    switch trailer {
    case .none: guard reader.isAtEnd else { throw .payloadLength }
    case .padding: break
    }
  }

  /// The type of the first payload, for the header.
  public var first: PayloadType { payloads.first?.type ?? .none }

  /// The chain as bytes, next-payload fields filled in.
  public func write(to writer: inout ByteWriter) {
    for (index, payload) in payloads.enumerated() {
      let next = index + 1 < payloads.count ? payloads[index + 1].type : .none
      writer.write(next.rawValue)
      writer.write(UInt8(0))
      writer.writeLength16(coveringBefore: 2) { $0.write(payload.body) }
    }
  }

  /// The chain as bytes.
  public var bytes: [UInt8] {
    var writer = ByteWriter(capacityBytes: lengthBytes)
    write(to: &writer)
    return writer.bytes
  }

  /// The bodies of all payloads of one type.
  func all(_ type: PayloadType) -> [[UInt8]] {
    payloads.filter { $0.type == type }.map(\.body)
  }

  /// The body of the one payload of this type; `nil` when there is none.
  func optional(_ type: PayloadType) throws(Violation) -> [UInt8]? {
    var body: [UInt8]?
    for payload in payloads where payload.type == type {
      guard body == nil else { throw .payloadDuplicated }
      body = payload.body
    }
    return body
  }

  /// The body of the one payload of this type.
  func single(_ type: PayloadType) throws(Violation) -> [UInt8] {
    guard let body = try optional(type) else { throw .payloadMissing }
    return body
  }
}
