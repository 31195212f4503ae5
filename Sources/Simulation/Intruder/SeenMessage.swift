import IKE
import Primitives

/// A message of ISAKMP as an onlooker between a client and the gateway sees it: what is in the
/// clear, and which message of its exchange it is.
struct SeenMessage: Sendable {
  /// The messages of an exchange by the number that RFC 2409 gives them.
  enum Place: Sendable, Equatable {
    case mainMode(Int)
    case quickMode(Int)
    case informational
    case other
  }

  let header: ISAKMPHeader
  /// Without the marker of port 4500.
  let bytes: [UInt8]
  let hasMarker: Bool

  /// `nil` for ESP, keepalives and everything else.
  ///
  /// - Parameter isToGateway: tells which of the two ports is a well-known one.
  init?(_ packet: VirtualPacket, isToGateway: Bool) {
    guard case .udp(let datagram) = packet.payload else { return nil }
    switch isToGateway ? packet.destination.port : packet.source.port {
    case Path.ikePort:
      hasMarker = false
      bytes = datagram
    case Path.floatedPort where datagram.starts(with: Self.marker):
      hasMarker = true
      bytes = Array(datagram.dropFirst(Self.marker.count))
    default: return nil
    }
    guard let header = try? ISAKMPHeader(parsing: bytes) else { return nil }
    self.header = header
  }

  /// RFC 3948 §2.2.
  static let marker: [UInt8] = [0, 0, 0, 0]

  /// Another message in the place of this one.
  func payload(with bytes: [UInt8]) -> VirtualPayload {
    .udp(hasMarker ? Self.marker + bytes : bytes)
  }

  /// Message 1 of main mode without the first of several transforms: the strongest is gone. `nil`
  /// when there is only one.
  var weakened: [UInt8]? {
    let body = Array(bytes.dropFirst(ISAKMPHeader.lengthBytes))
    guard
      var chain = try? PayloadChain(parsing: body, first: header.firstPayload, trailer: .none),
      let index = chain.payloads.firstIndex(where: { $0.type == .securityAssociation }),
      var offer = try? SecurityAssociation(parsing: chain.payloads[index].body),
      var proposal = offer.proposals.first, proposal.transforms.count > 1
    else { return nil }
    proposal.transforms.removeFirst()
    offer.proposals[0] = proposal
    chain.payloads[index].body = offer.bytes
    return header.message(with: chain.bytes)
  }

  /// An encrypted message with one bit turned over, so that its HASH is another and nothing else:
  /// in CBC the block is garbled and one bit of the next one turned, and the vector of what follows
  /// is the last block, which stays. `nil` when the message is too short.
  ///
  /// - Parameter hashOffset: where the HASH begins in the plaintext; it has 32 bytes.
  func altered(hashOffset: Int) -> [UInt8]? {
    let block = 16
    let offset = ISAKMPHeader.lengthBytes + (hashOffset + block - 1) / block * block
    guard header.isEncrypted, offset + block < bytes.count else { return nil }
    var altered = bytes
    altered[offset] ^= 0x01
    return altered
  }
}

/// Follows the exchanges between clients and gateway far enough to number their messages.
struct SeenExchanges: Sendable {
  private struct Name: Hashable {
    let cookies: Cookies
    let messageID: UInt32
  }

  /// Main modes by their initiator's cookie: whether a client began them.
  private var clientBegan: [UInt64: Bool] = [:]
  private struct QuickMode {
    let isClients: Bool
    let first: [UInt8]
    var isAnswered = false
  }

  private var quickModes: [Name: QuickMode] = [:]

  /// Which message this is, and whether the client began the exchange.
  mutating func place(
    of seen: SeenMessage, isToGateway: Bool
  ) -> (place: SeenMessage.Place, isClients: Bool) {
    switch seen.header.exchangeType {
    case .identityProtection: mainMode(seen, isToGateway)
    case .quickMode: quickMode(seen, isToGateway)
    case .informational: (.informational, isToGateway)
    default: (.other, isToGateway)
    }
  }

  private mutating func mainMode(
    _ seen: SeenMessage, _ isToGateway: Bool
  ) -> (SeenMessage.Place, Bool) {
    let cookie = seen.header.cookies.initiator
    if seen.header.cookies.responder == 0 {
      clientBegan[cookie] = isToGateway
      return (.mainMode(1), isToGateway)
    }
    let isClients = clientBegan[cookie] ?? isToGateway
    let isInitiators = isClients == isToGateway
    if seen.header.isEncrypted { return (.mainMode(isInitiators ? 5 : 6), isClients) }
    if isInitiators { return (.mainMode(3), isClients) }
    return (.mainMode(seen.header.firstPayload == .securityAssociation ? 2 : 4), isClients)
  }

  private mutating func quickMode(
    _ seen: SeenMessage, _ isToGateway: Bool
  ) -> (SeenMessage.Place, Bool) {
    let name = Name(cookies: seen.header.cookies, messageID: seen.header.messageID)
    guard let known = quickModes[name] else {
      quickModes[name] = QuickMode(isClients: isToGateway, first: seen.bytes)
      return (.quickMode(1), isToGateway)
    }
    guard known.isClients == isToGateway else {
      quickModes[name]?.isAnswered = true
      return (.quickMode(2), known.isClients)
    }
    // Before the answer it can only be message 1 again; what was seen first may have been spoilt on
    // the way and look otherwise.
    let isFirst = !known.isAnswered || seen.bytes == known.first
    return (.quickMode(isFirst ? 1 : 3), known.isClients)
  }
}
