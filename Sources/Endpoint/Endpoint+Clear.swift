import Dataplane
import IKE
import L2TP
import Primitives

// L2TP without IPsec: only where a profile says so, and never for one that demands IPsec.
extension Endpoint {
  /// Whether any profile takes L2TP without IPsec; if none does, the packet path drops it unseen.
  public var acceptsClearL2TP: Bool {
    destinations.contains { $0.hosts.contains { !$0.requiresIPsec } }
  }

  /// An L2TP control message came to UDP 1701 outside IPsec from a peer without a carrier.
  public mutating func receiveClearL2TP(
    _ message: [UInt8], local: SocketAddress, remote: SocketAddress, at now: Instant,
    using random: inout some RandomNumberGenerator
  ) {
    if let known = clearCarriers[remote] {
      receiveL2TP(message, on: known, peerPort: remote.port, at: now, using: &random)
      return
    }
    guard let facts = try? Tunnel.peekSCCRQ(message),
      let host = DestinationProfile.matching(remote.address, among: destinations)?
        .host(named: facts.peer.hostName),
      !host.requiresIPsec, clearCarriers.count < limits.clearCarriersMax,
      liveCounts.tunnels < limits.tunnelsMax, !isDraining
    else {
      counters.clearRefused &+= 1
      return
    }
    let carrier = Carrier(
      id: CarrierID(clearCarrierNext), kind: .clear,
      path: Path(local: local, remote: remote, floated: false), encapsulation: .clear)
    clearCarrierNext = clearCarrierNext == .max ? Self.clearCarrierFirst : clearCarrierNext + 1
    carriers[carrier.id] = carrier
    clearCarriers[remote] = carrier.id
    emit(.dataplane(.addCarrier(carrier.id, carrier.configuration)))
    receiveL2TP(message, on: carrier.id, peerPort: remote.port, at: now, using: &random)
    dropUnusedClearCarrier(carrier.id)
  }

  /// A clear carrier lives as long as a tunnel has a record on it.
  mutating func dropUnusedClearCarrier(_ id: CarrierID) {
    guard let carrier = carriers[id], carrier.kind == .clear, carrier.tunnels.isEmpty else {
      return
    }
    carriers[id] = nil
    clearCarriers[carrier.path.remote] = nil
    emit(.dataplane(.removeCarrier(id)))
  }
}
