import Dataplane
import IKE
import Primitives

// What the ISAKMP engine says becomes carriers and packet-path tables.
extension Endpoint {
  mutating func drainISAKMP(at now: Instant, using random: inout some RandomNumberGenerator) {
    flushISAKMP()
    while let event = isakmp.nextEvent() {
      handle(event, at: now, using: &random)
      flushISAKMP()
    }
  }

  private mutating func flushISAKMP() {
    while let transmit = isakmp.nextTransmit() { emit(.sendISAKMP(transmit)) }
    while let job = isakmp.nextJob() { emit(.compute(job)) }
  }

  private mutating func handle(
    _ event: IKEEvent, at now: Instant, using random: inout some RandomNumberGenerator
  ) {
    switch event {
    case .connectionUp(let connection, let facts):
      addCarrier(of: connection, path: facts.path)
      emit(.event(.connectionUp(connection, facts)))
    case .pathChanged(let connection, let path):
      movePath(of: connection, to: path)
    case .childUp(let connection, let child):
      install(child, of: connection)
      startDial(on: connection, at: now, using: &random)
    case .childOutboundReady(let connection, let inboundSPI):
      guard let outbound = children[inboundSPI]?.pendingOutbound else { return }
      children[inboundSPI]?.pendingOutbound = nil
      emit(.dataplane(.setOutbound(CarrierID(connection.value), outbound)))
    case .childDown(let connection, let inboundSPI, let outboundSPI, let reason):
      children[inboundSPI] = nil
      carriers[CarrierID(connection.value)]?.children.removeAll { $0 == inboundSPI }
      emit(.dataplane(.removeInbound(spi: inboundSPI)))
      emit(.dataplane(.removeOutbound(CarrierID(connection.value), spi: outboundSPI)))
      emit(.event(.childDown(connection, inboundSPI: inboundSPI, reason)))
    case .connectionDown(let connection, let reason, let detail):
      let cause = RecordedEnd.Cause(reason, detail)
      dials[connection] = nil
      loseCarrier(CarrierID(connection.value), cause, at: now, using: &random)
      emit(.event(.connectionDown(connection, reason, detail: detail)))
    case .attemptFailed(let connection, let reason, let detail, let retryAt):
      let cause = RecordedEnd.Cause(reason, detail)
      loseCarrier(CarrierID(connection.value), cause, at: now, using: &random)
      // The retries are there to get a tunnel up. One that was up never comes back by itself, and
      // an IPsec connection without it would be good for nothing.
      let isOver = retryAt == nil || dials[connection] == nil
      emit(
        .event(
          .attemptFailed(connection, reason, detail: detail, retryAt: isOver ? nil : retryAt)))
      if isOver { isakmp.close(connection, reason: reason, at: now, using: &random) }
    case .peerFailed(let path, let reason, let detail):
      emit(.event(.peerFailed(path, reason, detail: detail)))
    case .isakmpKeys(let initiatorCookie, let key):
      emit(.event(.isakmpKeys(initiatorCookie: initiatorCookie, key: key)))
    case .note(let note):
      emit(.event(.note(note)))
    }
  }

  private mutating func addCarrier(of connection: ConnectionID, path: Path) {
    let id = CarrierID(connection.value)
    guard carriers[id] == nil else { return }
    let carrier = Carrier(
      id: id, kind: .ipsec(connection), path: path,
      encapsulation: path.floated ? .udpESP : .plainESP)
    carriers[id] = carrier
    emit(.dataplane(.addCarrier(id, carrier.configuration)))
  }

  private mutating func movePath(of connection: ConnectionID, to path: Path) {
    let id = CarrierID(connection.value)
    carriers[id]?.path = path
    if let carrier = carriers[id] { emit(.dataplane(.updateCarrier(id, carrier.configuration))) }
  }

  private mutating func install(_ child: ChildSA, of connection: ConnectionID) {
    let id = CarrierID(connection.value)
    let inbound = child.configuration(of: child.inbound)
    let outbound = child.configuration(of: child.outbound)
    if let carrier = carriers[id], carrier.encapsulation != child.dataplaneEncapsulation {
      carriers[id]?.encapsulation = child.dataplaneEncapsulation
      if let changed = carriers[id] {
        emit(.dataplane(.updateCarrier(id, changed.configuration)))
      }
    }
    children[inbound.spi] = Child(outboundSPI: outbound.spi, pendingOutbound: outbound)
    carriers[id]?.children.append(inbound.spi)
    emit(.dataplane(.addInbound(id, inbound, child.dataplaneEncapsulation)))
    emit(.event(.childUp(connection, child)))
  }
}
