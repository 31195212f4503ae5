import Cryptography
import ESP
import Primitives

// Commands about carriers and their security associations.

extension Dataplane {
  /// Makes a carrier known; it has no SAs and no sessions yet.
  public mutating func addCarrier(
    _ id: CarrierID, _ configuration: CarrierConfiguration
  ) throws(DataplaneError) {
    guard carrierIndex.find(UInt64(id.value)) == nil else { throw .alreadyExists }
    guard !carriers.isFull else { throw .tableFull }
    let addressKey = Carrier.addressKey(configuration.remote)
    if configuration.encapsulation == .clear {
      guard addressIndex.find(addressKey) == nil else { throw .alreadyExists }
    }
    let index = carriers.insert(Carrier(id: id, configuration: configuration))
    carrierIndex.insert(index, for: UInt64(id.value))
    if configuration.encapsulation == .clear { addressIndex.insert(index, for: addressKey) }
  }

  /// Changes addresses (a NAT's new mapping, IKE moved to UDP 4500) or encapsulation of what is
  /// sent from now on. Inbound SAs keep the encapsulation they were installed with.
  public mutating func setCarrier(
    _ id: CarrierID, _ configuration: CarrierConfiguration
  ) throws(DataplaneError) {
    let index = try indexOfCarrier(id)
    let before = carriers[index].configuration
    let isClear = configuration.encapsulation == .clear
    guard (before.encapsulation == .clear) == isClear else { throw .notIPsec }
    if isClear, before.remote != configuration.remote {
      let addressKey = Carrier.addressKey(configuration.remote)
      guard addressIndex.find(addressKey) == nil else { throw .alreadyExists }
      addressIndex.remove(Carrier.addressKey(before.remote))
      addressIndex.insert(index, for: addressKey)
    }
    carriers[index].configuration = configuration
    carriers[index].reportedRemote = nil
  }

  /// Forgets a carrier with its SAs and sessions; nothing happens when there is none.
  public mutating func removeCarrier(_ id: CarrierID) {
    guard let index = carrierIndex.find(UInt64(id.value)) else { return }
    for spi in carriers[index].inboundSPIs.sorted() { removeInboundSA(spi: spi) }
    for session in carriers[index].sessions.sorted() { unbind(SessionID(session)) }
    let configuration = carriers[index].configuration
    if configuration.encapsulation == .clear {
      addressIndex.remove(Carrier.addressKey(configuration.remote))
    }
    dropOutboundSA(ofCarrierAt: index)
    carrierIndex.remove(UInt64(id.value))
    _ = carriers.remove(at: index)
  }

  /// Takes packets of one more SPI. Those of the SAs before it stay valid until they are removed.
  ///
  /// - Parameter encapsulation: `plainESP` or `udpESP`; packets in the other form are dropped.
  public mutating func installInboundSA(
    _ configuration: SAConfiguration, on id: CarrierID, encapsulation: Encapsulation
  ) throws(DataplaneError) {
    let carrier = try indexOfCarrier(id)
    guard encapsulation != .clear, carriers[carrier].configuration.encapsulation != .clear else {
      throw .notIPsec
    }
    guard configuration.spi >= ESPHeader.spiMin else { throw .reservedSPI }
    guard spiIndex.find(UInt64(configuration.spi)) == nil else { throw .alreadyExists }
    guard !associations.isFull else { throw .tableFull }
    let sa = InboundSA(
      spi: configuration.spi, cipher: try makeCipher(configuration, .open),
      replayWindow: configuration.replayWindow, lifetime: configuration.lifetime)
    let index = associations.insert(
      InboundAssociation(sa: sa, carrier: carrier, encapsulation: encapsulation))
    spiIndex.insert(index, for: UInt64(configuration.spi))
    carriers[carrier].inboundSPIs.insert(configuration.spi)
  }

  /// Everything sent from now on uses this SA; the one before is gone.
  public mutating func installOutboundSA(
    _ configuration: SAConfiguration, on id: CarrierID,
    using random: inout some RandomNumberGenerator
  ) throws(DataplaneError) {
    let carrier = try indexOfCarrier(id)
    guard carriers[carrier].configuration.encapsulation != .clear else { throw .notIPsec }
    guard configuration.spi >= ESPHeader.spiMin else { throw .reservedSPI }
    let cipher = try makeCipher(configuration, .seal)
    dropOutboundSA(ofCarrierAt: carrier)
    carriers[carrier].outbound = outbounds.insert(
      OutboundSA(
        spi: configuration.spi, cipher: cipher, lifetime: configuration.lifetime, using: &random))
  }

  /// Packets of this SPI are unknown from now on; keys are wiped.
  public mutating func removeInboundSA(spi: UInt32) {
    guard let index = spiIndex.remove(UInt64(spi)) else { return }
    let association = associations.remove(at: index)
    carriers[association.carrier].inboundSPIs.remove(spi)
  }

  /// The carrier sends nothing any more until it gets another outbound SA. With an SPI given, only
  /// if that is the present one: a late delete of a replaced SA changes nothing.
  public mutating func removeOutboundSA(of id: CarrierID, spi: UInt32? = nil) {
    guard let index = carrierIndex.find(UInt64(id.value)) else { return }
    if let spi, let present = carriers[index].outbound, outbounds[present].spi != spi { return }
    dropOutboundSA(ofCarrierAt: index)
  }

  private mutating func dropOutboundSA(ofCarrierAt index: Int) {
    guard let outbound = carriers[index].outbound else { return }
    carriers[index].outbound = nil
    _ = outbounds.remove(at: outbound)
  }

  func indexOfCarrier(_ id: CarrierID) throws(DataplaneError) -> Int {
    guard let index = carrierIndex.find(UInt64(id.value)) else { throw .unknownCarrier }
    return index
  }

  private func makeCipher(
    _ configuration: SAConfiguration, _ direction: ESPCipher.Direction
  ) throws(DataplaneError) -> ESPCipher {
    do {
      return try engine.makeCipher(
        configuration.transform, direction, keys: configuration.keys)
    } catch {
      throw .cipher
    }
  }
}
