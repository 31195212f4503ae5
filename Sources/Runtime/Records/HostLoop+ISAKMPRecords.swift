import Control
import Dataplane
import Endpoint
import IKE
import Primitives

// The key exchange as it is shown.
extension HostLoop where Owner: ~Copyable {
  mutating func exchangeRecords(at now: Instant) -> [ISAKMPExchangeRecord] {
    let views = owner.host.endpoint.isakmpEngine.exchanges
    let connections = connectionsByID
    let ids = numbers.exchanges.assign(
      views.map { .init(cookies: $0.cookies, messageID: $0.messageID) })
    return zip(ids, views).map { id, view in
      let connection = view.connection.flatMap { connections[$0] }
      return ISAKMPExchangeRecord(
        id: id, initiatorCookie: view.cookies.initiator.sixteenHexDigits,
        responderCookie: view.cookies.responder.sixteenHexDigits,
        messageID: view.messageID.eightHexDigits, endpoints: Endpoints(view.path, view.nat),
        phase: view.phase, mode: ISAKMPExchangeRecord.Mode(rawValue: view.mode) ?? .informational,
        role: ExchangeRole(view.role), state: view.state, policy: view.policy,
        retransmission: Retransmission(
          view.messageBackoff, sent: view.retransmissionsSent, nextAt: view.nextRetransmissionAt,
          connection: connection, at: now),
        ageSeconds: (now - view.startedAt).inSeconds, lastError: connection?.lastError)
    }.sorted { $0.id < $1.id }
  }

  mutating func isakmpSARecords(at now: Instant) -> [ISAKMPSARecord] {
    let views = owner.host.endpoint.isakmpEngine.establishedISAKMPSAs
    let rekeying = Set(
      owner.host.endpoint.isakmpEngine.exchanges.filter { $0.phase == 1 }.compactMap(\.connection))
    let connections = connectionsByID
    let spent = spentConnections
    let ids = numbers.isakmpSAs.assign(views.map(\.cookies))
    return zip(ids, views).map { id, view in
      let connection = view.connection.flatMap { connections[$0] }
      let isRekeying = view.connection.map { rekeying.contains($0) } ?? false
      let (dpdState, dpdNextAt) = view.deadPeerDetection.shown
      return ISAKMPSARecord(
        id: id, connection: UInt64(view.connection?.value ?? 0),
        initiatorCookie: view.cookies.initiator.sixteenHexDigits,
        responderCookie: view.cookies.responder.sixteenHexDigits,
        endpoints: Endpoints(view.path, view.nat), mode: .main, role: ExchangeRole(view.role),
        state: isRekeying || view.isSuperseded ? .rekeying : .established, policy: view.policy,
        peerIdentity: view.remoteIdentity.map { "\($0)" },
        encryption: view.transform?.cipher.configurationName,
        hash: view.transform.map { "\($0.hash)" }, group: view.transform.map { "\($0.group)" },
        authentication: "preSharedKey",
        retransmission: Retransmission(view.messageBackoff, connection: connection, at: now),
        ageSeconds: view.establishedAt.map { (now - $0).inSeconds } ?? 0,
        lifetimeRemainingSeconds: view.expiresAt.map { $0.seconds(from: now) },
        dpdState: dpdState, dpdNextInSeconds: dpdNextAt.map { $0.seconds(from: now) },
        phase2SAs: view.phase2SACount,
        spent: view.connection.map { spent.contains($0) } ?? false,
        lastError: connection?.lastError)
    }.sorted { $0.id < $1.id }
  }

  mutating func ipsecSARecords(at now: Instant) -> [IPsecSARecord] {
    let views = owner.host.endpoint.isakmpEngine.phase2SAViews
    let connections = connectionsByID
    let carriers = Dictionary(
      owner.host.endpoint.carrierViews.map { ($0.id, $0) }
    ) { first, _ in first }
    let nat = natByConnection
    let ids = numbers.ipsecSAs.assign(views.map(\.inboundSPI))
    return zip(ids, views).map { id, view in
      let carrierID = CarrierID(view.connection.value)
      let inbound = owner.host.dataplane.inboundUsage(spi: view.inboundSPI)
      // Only the newest pair sends.
      let outbound =
        view.isSuperseded ? nil : owner.host.dataplane.outboundUsage(of: carrierID)
      let usedBytes = max(inbound?.bytes ?? 0, outbound?.bytes ?? 0)
      let limitBytes = view.lifetime.kilobytes.map { $0.multipliedReportingOverflow(by: 1024) }
      let refused = owner.host.dataplane.inboundRefusals(spi: view.inboundSPI)
      let carrier = carriers[carrierID]
      return IPsecSARecord(
        id: id, connection: UInt64(view.connection.value),
        inboundSPI: view.inboundSPI.eightHexDigits, outboundSPI: view.outboundSPI.eightHexDigits,
        endpoints: Endpoints(
          carrier?.path ?? connections[view.connection]?.path, nat[view.connection]),
        encapsulation: view.encapsulation == .udp ? .udp : .esp, role: ExchangeRole(view.role),
        state: view.isSuperseded ? .draining : .current, policy: view.policy,
        encryption: view.transform.encryption.configurationName,
        integrity: view.transform.integrity.configurationName,
        pfsGroup: view.pfsGroup.map { "\($0)" }, selectors: view.selectors.shown,
        ageSeconds: (now - view.createdAt).inSeconds,
        lifetimeRemainingSeconds: view.expiresAt.seconds(from: now),
        lifetimeRemainingBytes: limitBytes.map { $0.overflow ? .max : $0.partialValue }
          .map { $0 > usedBytes ? $0 - usedBytes : 0 },
        sequenceNumbersRemaining: outbound.map {
          UInt64(UInt32.max) - min($0.packets, UInt64(UInt32.max))
        },
        replayWindowPackets: Int(view.replayWindowPackets), packetsIn: inbound?.packets ?? 0,
        bytesIn: inbound?.bytes ?? 0, packetsOut: outbound?.packets ?? 0,
        bytesOut: outbound?.bytes ?? 0, replaysDropped: refused?.replayed ?? 0,
        integrityFailures: refused?.badICV ?? 0,
        selectorViolations: refused?.outsideSelector ?? 0, spent: carrier?.isSpent ?? false,
        disconnectInSeconds: carrier?.disconnectAt.map { $0.seconds(from: now) })
    }.sorted { $0.id < $1.id }
  }

  private var connectionsByID: [ConnectionID: ConnectionView] {
    Dictionary(
      owner.host.endpoint.isakmpEngine.connectionViews.map { ($0.id, $0) }
    ) { first, _ in first }
  }

  private var spentConnections: Set<ConnectionID> {
    Set(owner.host.endpoint.carrierViews.filter(\.isSpent).compactMap(\.connection))
  }

  /// What NAT discovery found, by connection.
  var natByConnection: [ConnectionID: NATState] {
    let views = owner.host.endpoint.isakmpEngine.establishedISAKMPSAs
    return Dictionary(
      views.compactMap { view in view.connection.map { ($0, view.nat) } }
    ) { _, newer in newer }
  }
}

extension ISAKMPSAView.DPDState {
  fileprivate var shown: (ISAKMPSARecord.DPDState, Instant?) {
    switch self {
    case .off: (.off, nil)
    case .idle(let nextAt): (.alive, nextAt)
    case .asking(_, let nextAt): (.probing, nextAt)
    }
  }
}

extension TrafficSelectors {
  /// `192.0.2.1/udp/1701 <-> 198.51.100.7/udp/*`
  fileprivate var shown: String {
    let proto = protocolID == 17 ? "udp" : "\(protocolID)"
    func end(_ address: IPAddress, _ port: UInt16) -> String {
      "\(address)/\(proto)/" + (port == 0 ? "*" : "\(port)")
    }
    return end(local, localPort) + " <-> " + end(remote, remotePort)
  }
}
