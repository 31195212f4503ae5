import Cryptography
import Primitives
import Testing

@testable import IKE

// A man in the middle who has the keys, and so can change what no stranger can: what then refuses
// a message is the one check under test.

/// The datagrams of an undisturbed negotiation, by their place on the wire.
enum Place: Int, CaseIterable, Sendable {
  case main1, main2, main3, main4, main5, main6, quick1, quick2, quick3

  var sender: Pair.Side { rawValue.isMultiple(of: 2) ? .left : .right }
  var isClear: Bool { rawValue <= Place.main4.rawValue }
  /// Whether HASH(1) or HASH(2) covers all that follows it.
  var isHashed: Bool { self == .quick1 || self == .quick2 }
}

extension Pair {
  /// Connects, and loses the datagram at `place`.
  mutating func connect(losing place: Place) {
    network = { _, _, index in index == place.rawValue ? [] : [.milliseconds(10)] }
    _ = connect()
    run(for: .seconds(1))
  }

  func held(_ place: Place) throws -> Transmit {
    let datagram = wire.dropFirst(place.rawValue).first?.transmit
    return try #require(datagram)
  }

  func header(_ place: Place) throws -> ISAKMPHeader {
    try ISAKMPHeader(parsing: try held(place).bytes)
  }

  /// The left side's only ISAKMP SA, in any phase.
  func onlySA() throws -> ISAKMPSA {
    let sa = left.isakmpSAs.values.first
    return try #require(sa)
  }

  func keys() throws -> ISAKMPKeys {
    let keys = try onlySA().keys
    return try #require(keys)
  }

  /// The vector that the message at `place` is encrypted with (RFC 2409 Appendix B).
  func vector(_ place: Place) throws -> [UInt8] {
    let (sa, keys) = (try onlySA(), try keys())
    switch place {
    case .main1, .main2, .main3, .main4: return []
    case .main5: return keys.phase1IV(sa.material)
    case .quick1: return keys.phase2IV(lastBlock: sa.iv, messageID: try header(place).messageID)
    case .main6, .quick2, .quick3:
      let before = try #require(Place(rawValue: place.rawValue - 1))
      return Array(try held(before).bytes.suffix(keys.cipher.blockLength))
    }
  }

  /// What was sent at `place`; without its HASH where `deliver` makes that anew.
  func payloads(_ place: Place) throws -> [Payload] {
    let (bytes, header) = (try held(place).bytes, try header(place))
    let body = Array(bytes.dropFirst(ISAKMPHeader.lengthBytes))
    guard !place.isClear else {
      return try PayloadChain(parsing: body, first: header.firstPayload, trailer: .none).payloads
    }
    let plaintext = try keys().decrypt(body, iv: try vector(place)).plaintext
    let chain = try PayloadChain(
      parsing: plaintext, first: header.firstPayload, trailer: .padding)
    return place.isHashed ? Array(chain.payloads.dropFirst()) : chain.payloads
  }

  /// The HASH payload's body that belongs before `payloads` at `place`.
  func hash(of payloads: [Payload], at place: Place) throws -> [UInt8] {
    let messageID = bigEndian(try header(place).messageID)
    let nonce = place == .quick2 ? try self.payloads(.quick1).body(.nonce) : []
    return try keys().authenticate([messageID, nonce, PayloadChain(payloads).bytes])
  }

  /// The message at `place` with other payloads, exactly these.
  func message(_ payloads: [Payload], at place: Place, iv: [UInt8]? = nil) throws -> [UInt8] {
    var header = try header(place)
    let chain = PayloadChain(payloads)
    header.firstPayload = chain.first
    guard !place.isClear else { return header.message(with: chain.bytes) }
    let vector = try iv ?? vector(place)
    return header.message(with: try keys().encrypt(chain.bytes, iv: vector).ciphertext)
  }

  /// Hands over other payloads in place of what was lost, with the right HASH where there is one.
  mutating func deliver(
    _ payloads: [Payload], at place: Place, from elsewhere: SocketAddress? = nil
  ) throws {
    let hash = place.isHashed ? [Payload(.hash, try hash(of: payloads, at: place))] : []
    try deliver(try message(hash + payloads, at: place), at: place, from: elsewhere)
  }

  mutating func deliver(
    _ bytes: [UInt8], at place: Place, from elsewhere: SocketAddress? = nil
  ) throws {
    var path = translated(try held(place).path, from: place.sender)
    if let elsewhere { path.remote = elsewhere }
    deliver(bytes, on: path, to: place.sender == .left ? .right : .left)
  }

  /// Hands over what was lost, as it was sent, and lets the rest happen.
  mutating func deliverHeld(_ place: Place) throws {
    try deliver(try held(place).bytes, at: place)
    run(for: .seconds(1))
  }

  /// What the receiver of `place` dropped of one kind.
  func dropped(_ violation: Violation, at place: Place) -> UInt64 {
    place.sender == .left
      ? right.counters.dropped(violation) : left.counters.dropped(violation)
  }

  /// What the receiver of `place` dropped in all.
  func droppedInAll(at place: Place) -> UInt64 {
    (place.sender == .left ? right.counters : left.counters).droppedInAll
  }

  /// An authentic informational message of the left side, not yet sent.
  mutating func sealInformational(_ payloads: [Payload]) throws -> [UInt8] {
    let message = left.informational(payloads, on: try sa(of: .left).id, using: &random)
    return try #require(message)
  }
}

extension [Payload] {
  /// The body of the first payload of a type.
  func body(_ type: PayloadType) throws -> [UInt8] {
    try #require(first { $0.type == type }).body
  }

  /// The same with another body in every payload of a type.
  func replacing(_ type: PayloadType, _ body: [UInt8]) -> [Payload] {
    map { $0.type == type ? Payload(type, body) : $0 }
  }

  func without(_ type: PayloadType) -> [Payload] { filter { $0.type != type } }

  /// The same with the first payload of a type twice.
  func doubling(_ type: PayloadType) -> [Payload] {
    guard let index = firstIndex(where: { $0.type == type }) else { return self }
    return Array(self[...index]) + Array(self[index...])
  }

  /// The same with changes to the only proposal of its SA payload.
  func changingProposal(_ change: (inout Proposal) -> Void) throws -> [Payload] {
    var association = try SecurityAssociation(parsing: try body(.securityAssociation))
    try #require(association.proposals.count == 1)
    change(&association.proposals[0])
    return replacing(.securityAssociation, association.bytes)
  }
}
