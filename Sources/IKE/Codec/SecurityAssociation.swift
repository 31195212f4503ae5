import Primitives

/// The protocol a proposal, notification or delete speaks of (RFC 2407 §4.4.1).
public struct SecurityProtocol: RawRepresentable, Hashable, Sendable {
  public var rawValue: UInt8
  public init(rawValue: UInt8) { self.rawValue = rawValue }

  public static let isakmp = SecurityProtocol(rawValue: 1)
  public static let ah = SecurityProtocol(rawValue: 2)
  public static let esp = SecurityProtocol(rawValue: 3)
  public static let ipcomp = SecurityProtocol(rawValue: 4)
}

/// A Transform payload (RFC 2408 §3.6).
public struct Transform: Hashable, Sendable {
  public var number: UInt8
  public var id: UInt8
  public var attributes: [Attribute]

  public init(number: UInt8, id: UInt8, attributes: [Attribute]) {
    self.number = number
    self.id = id
    self.attributes = attributes
  }

  fileprivate init(
    parsing reader: inout ByteReader, isLast: Bool
  ) throws(Violation) {
    guard let next = reader.readUInt8(), let reserved = reader.readUInt8(),
      let length = reader.readUInt16()
    else { throw .truncated }
    guard next == (isLast ? PayloadType.none : .transform).rawValue else { throw .transform }
    guard reserved == 0 else { throw .reserved }
    guard var body = reader.readSlice(Int(length) - Payload.headerBytes),
      let number = body.readUInt8(), let id = body.readUInt8(), let reserved2 = body.readUInt16()
    else { throw .transform }
    guard reserved2 == 0 else { throw .reserved }
    self.init(number: number, id: id, attributes: [])
    // An attribute has four bytes at least.
    attributes.reserveCapacity(min(body.remaining / 4, SecurityAssociation.attributesMax))
    while !body.isAtEnd {
      guard attributes.count < SecurityAssociation.attributesMax else { throw .attribute }
      attributes.append(try Attribute(parsing: &body))
    }
  }

  fileprivate func write(to writer: inout ByteWriter, isLast: Bool) {
    writer.write((isLast ? PayloadType.none : .transform).rawValue)
    writer.write(UInt8(0))
    writer.writeLength16(coveringBefore: 2) { body in
      body.write(number)
      body.write(id)
      body.write(UInt16(0))
      for attribute in attributes { attribute.write(to: &body) }
    }
  }
}

/// A Proposal payload (RFC 2408 §3.5). Proposals with the same number are to be taken together.
public struct Proposal: Hashable, Sendable {
  public var number: UInt8
  public var protocolID: SecurityProtocol
  public var spi: [UInt8]
  public var transforms: [Transform]

  public init(
    number: UInt8, protocolID: SecurityProtocol, spi: [UInt8], transforms: [Transform]
  ) {
    self.number = number
    self.protocolID = protocolID
    self.spi = spi
    self.transforms = transforms
  }

  /// Reads one proposal; `isLast` is what its next-payload field says.
  fileprivate static func parse(
    _ reader: inout ByteReader
  ) throws(Violation) -> (proposal: Proposal, isLast: Bool) {
    guard let next = reader.readUInt8(), let reserved = reader.readUInt8(),
      let length = reader.readUInt16()
    else { throw .truncated }
    guard next == 0 || next == PayloadType.proposal.rawValue else { throw .proposal }
    guard reserved == 0 else { throw .reserved }
    guard var body = reader.readSlice(Int(length) - Payload.headerBytes),
      let number = body.readUInt8(), let protocolID = body.readUInt8(),
      let spiBytes = body.readUInt8(), let count = body.readUInt8(), count > 0,
      let spi = body.readBytes(Int(spiBytes))
    else { throw .proposal }
    var transforms: [Transform] = []
    for index in 0..<count {
      transforms.append(try Transform(parsing: &body, isLast: index + 1 == count))
    }
    guard body.isAtEnd else { throw .proposal }
    let proposal = Proposal(
      number: number, protocolID: SecurityProtocol(rawValue: protocolID), spi: spi,
      transforms: transforms)
    return (proposal, next == 0)
  }

  fileprivate func write(to writer: inout ByteWriter, isLast: Bool) {
    writer.write((isLast ? PayloadType.none : .proposal).rawValue)
    writer.write(UInt8(0))
    writer.writeLength16(coveringBefore: 2) { body in
      body.write(number)
      body.write(protocolID.rawValue)
      body.write(UInt8(truncatingIfNeeded: spi.count))
      body.write(UInt8(truncatingIfNeeded: transforms.count))
      body.write(spi)
      for (index, transform) in transforms.enumerated() {
        transform.write(to: &body, isLast: index + 1 == transforms.count)
      }
    }
  }
}

/// The body of an SA payload: domain of interpretation, situation and proposals (RFC 2407 §4.6.1).
public struct SecurityAssociation: Hashable, Sendable {
  /// The most proposals in one SA payload.
  public static let proposalsMax = 40
  /// The most attributes in one transform; RFC 2409 defines 16.
  public static let attributesMax = 32

  public var proposals: [Proposal]

  public init(proposals: [Proposal]) { self.proposals = proposals }

  private static let ipsecDOI: UInt32 = 1
  private static let situationIdentityOnly: UInt32 = 1

  public init(parsing body: [UInt8]) throws(Violation) {
    var reader = ByteReader(body)
    guard let doi = reader.readUInt32(), let situation = reader.readUInt32() else {
      throw .truncated
    }
    guard doi == Self.ipsecDOI, situation == Self.situationIdentityOnly else { throw .situation }
    proposals = []
    var isLast = false
    while !isLast {
      guard proposals.count < Self.proposalsMax else { throw .proposal }
      let parsed = try Proposal.parse(&reader)
      proposals.append(parsed.proposal)
      isLast = parsed.isLast
    }
    guard reader.isAtEnd else { throw .proposal }
  }

  public var bytes: [UInt8] {
    var writer = ByteWriter(capacityBytes: 512)
    writer.write(Self.ipsecDOI)
    writer.write(Self.situationIdentityOnly)
    for (index, proposal) in proposals.enumerated() {
      proposal.write(to: &writer, isLast: index + 1 == proposals.count)
    }
    return writer.bytes
  }
}
