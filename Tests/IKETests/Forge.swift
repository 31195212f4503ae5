import Cryptography
import Primitives

@testable import IKE

/// Messages that a well-behaved peer would not send, and parts of those it would.
enum Forge {
  static let path = Path(
    local: SocketAddress(Pair.rightAddress, port: 500),
    remote: SocketAddress(Pair.leftAddress, port: 500), floated: false)

  /// The transform that the default `Setup` accepts.
  static let transform = ISAKMPTransform(.aesCBC128, .sha256, .ecp256)
    .payload(number: 1, lifetime: Lifetime(seconds: 28_800))

  static func association(_ transforms: [Transform] = [transform]) -> Payload {
    Payload(
      .securityAssociation,
      SecurityAssociation(proposals: [
        Proposal(number: 1, protocolID: .isakmp, spi: [], transforms: transforms)
      ]).bytes)
  }

  static func clear(
    _ payloads: [Payload], initiator: UInt64 = 7, responder: UInt64 = 0,
    exchange: ExchangeType = .identityProtection, messageID: UInt32 = 0
  ) -> [UInt8] {
    let chain = PayloadChain(payloads)
    return ISAKMPHeader(
      cookies: Cookies(initiator: initiator, responder: responder), firstPayload: chain.first,
      exchangeType: exchange, messageID: messageID
    ).message(with: chain.bytes)
  }

  static func firstMessage(
    initiator: UInt64 = 7, _ more: [Payload] = []
  ) -> [UInt8] {
    clear([association()] + more, initiator: initiator)
  }

  /// An acceptable ESP proposal with the given transform payloads.
  static func espAssociation(
    spi: [UInt8] = [1, 2, 3, 4], _ transforms: [Transform]? = nil
  ) -> Payload {
    let offer = ESPOffer(
      .aesGCM128, encapsulationMode: ESPOffer.transportMode, group: nil,
      lifetime: Lifetime(seconds: 3600))
    return Payload(
      .securityAssociation,
      SecurityAssociation(proposals: [
        Proposal(
          number: 1, protocolID: .esp, spi: spi,
          transforms: transforms ?? [offer.payload(number: 1)])
      ]).bytes)
  }

  static let nonce = Payload(.nonce, Array(repeating: 9, count: 32))

  static func selectors(
    initiator: Identification? = nil, family: Family = .v4
  ) -> [Payload] {
    [
      initiator ?? Identification(family.left, protocolID: 17, port: 1701),
      Identification(family.right, protocolID: 17, port: 1701),
    ].map { Payload(.identification, $0.bytes) }
  }

  static func notify(_ type: NotifyType, spi: [UInt8] = [], data: [UInt8] = []) -> Payload {
    Payload(
      .notification, Notification(type, protocolID: .isakmp, spi: spi, data: data).bytes)
  }
}

/// A responder alone, to be fed by hand.
func makeResponder(_ change: (inout Setup) -> Void = { _ in }) throws -> Pair {
  try makePair(right: change)
}

extension Pair {
  /// Feeds the right side; what it sends, if anything.
  @discardableResult
  mutating func feed(_ bytes: [UInt8], on path: Path = Forge.path) -> [Transmit] {
    let before = wire.count
    deliver(bytes, on: path, to: .right)
    return wire.dropFirst(before).filter { $0.from == .right }.map(\.transmit)
  }

  /// Nothing that a peer sent is held by the right side.
  var rightIsEmpty: Bool {
    right.isakmpSAs.isEmpty && right.connections.isEmpty && right.halfOpenCount == 0
      && right.nextTimeout == nil
  }
}
