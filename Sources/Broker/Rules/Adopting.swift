import ConnectionService
import Cryptography
import Primitives

/// A device that a relay plays towards this broker (CS-23).
public struct RelayedDevice: Sendable {
  /// The device as one that asks.
  public let caller: Caller
  /// How far the events tell the carrier's records of it.
  public let histories: HistoryCounts
  /// Another broker on the same store has its stream.
  public let isHeldElsewhere: Bool
}

extension Broker {
  /// Makes a device of the broker's own organisation that is reached through a carrier's broker.
  ///
  /// Doing it again changes nothing; a removed one comes back.
  /// - Throws: `productIDTaken` for a device that has an agent of its own, or is another
  ///   organisation's.
  public func adopt(
    _ product: ProductID, using random: inout some RandomNumberGenerator
  ) throws(Refusal) {
    // Nobody is told the token: it stands for the relay among the device's credentials.
    let hash = Tokens.hash(Tokens.make(using: &random))
    try transact { (work) throws(Refusal) in
      let organisation = work.policy.ownOrganisation
      let id = Tokens.relayID(of: product)
      let former = try work.rows.token(id: id)
      if let device = try work.rows.device(product, locking: true), device.removedAt == nil {
        guard former != nil, device.organisation == organisation else {
          throw .productIDTaken(product)
        }
        return
      }
      guard let user = Name(product.text) else { throw .deviceUnknown(product) }
      try work.admit(
        EnrolmentRecord(
          codeHash: hash, organisation: organisation, product: product, name: product.text,
          expiresAt: work.now))
      var token = TokenRecord(
        id: id, hash: hash, organisation: organisation, user: user, role: .device,
        createdAt: work.now)
      token.product = product
      if former == nil { try work.rows.insert(token) } else { try work.rows.update(token) }
      var event = ServiceEvent(
        .deviceEnrolled, actor: work.broker.text, organisation: organisation, product: product)
      event.note = "relay"
      work.record(event)
    }
  }

  /// An adopted device as it stands.
  /// - Throws: `deviceUnknown` when it has been removed or its token revoked since.
  public func relayed(_ product: ProductID) throws(Refusal) -> RelayedDevice {
    try transact { (work) throws(Refusal) -> RelayedDevice in
      guard let token = try work.rows.token(id: Tokens.relayID(of: product)),
        try work.isGood(token), let device = try work.rows.device(product, locking: false)
      else { throw .deviceUnknown(product) }
      let isElsewhere =
        device.isOnline(at: work.now) && device.attachment?.broker != work.broker
      return RelayedDevice(
        caller: Caller(token: token, requestKey: Secret([])),
        histories: device.histories, isHeldElsewhere: isElsewhere)
    }
  }
}

extension Tokens {
  /// The id of the token of a device's relay: always the same, so that there is one.
  static func relayID(of product: ProductID) -> String {
    let digest = HashAlgorithm.sha256.digest(Array("relay \(product)".utf8))
    let digits = Array("0123456789abcdef".utf8)
    let text = digest.prefix(16).flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] }
    return "k-relay-" + String(decoding: text, as: UTF8.self)
  }
}
