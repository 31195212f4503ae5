import Dataplane
import ESP
import IKE
import IPPacket
import PPP
import Primitives

/// An endpoint and its packet path on one thread: punts go up, commands come down, until both are
/// quiet.
///
/// With more data threads the same values cross queues instead.
public struct Host: ~Copyable {
  /// Rounds of punts and commands that one input may cause; more would be a loop of our own.
  private static let roundsMax = 10_000

  public var endpoint: Endpoint
  public var dataplane: Dataplane
  /// Datagrams of the control side, ISAKMP's among them (the non-ESP marker is in place), each with
  /// the verdict `send`. The caller sends them in this order and empties the batch after every
  /// input: the order decides whether the peer has an SA before the first packet under it, and
  /// whether a StopCCN comes before the Delete of its SA. What does not fit is lost like on the
  /// wire and sent again by its protocol.
  public var control: PacketBatch
  /// Datagrams of the control side that did not fit.
  public private(set) var controlLost: UInt64 = 0
  private var outputs = Outbox<HostOutput>()

  public init(
    endpoint: consuming Endpoint, dataplane: consuming Dataplane, controlPacketsMax: Int = 512
  ) {
    self.endpoint = endpoint
    self.dataplane = dataplane
    control = PacketBatch(countMax: controlPacketsMax)
    self.dataplane.acceptsClearL2TP = self.endpoint.acceptsClearL2TP
  }

  /// Packets came from an outer socket; afterwards each slot's verdict says what becomes of it.
  public mutating func receive(
    _ batch: inout PacketBatch, from socket: OuterSocket, at now: Instant,
    using random: inout some RandomNumberGenerator
  ) {
    dataplane.receive(&batch, from: socket, at: now)
    settle(at: now, using: &random)
    dataplane.receiveWaiting(&batch, at: now)
    settle(at: now, using: &random)
  }

  /// IP packets came from the TUN device.
  public mutating func receiveFromTUN(
    _ batch: inout PacketBatch, at now: Instant, using random: inout some RandomNumberGenerator
  ) {
    dataplane.receiveFromTUN(&batch, at: now)
    settle(at: now, using: &random)
  }

  /// Time has passed.
  public mutating func handleTimeout(
    at now: Instant, using random: inout some RandomNumberGenerator
  ) {
    endpoint.handleTimeout(at: now, using: &random)
    settle(at: now, using: &random)
  }

  /// When `handleTimeout` wants to be called next.
  public var nextTimeout: Instant? { endpoint.nextTimeout }

  /// Takes the next thing that only the owner can do; call until it returns `nil`.
  public mutating func nextOutput() -> HostOutput? { outputs.popFirst() }

  /// Call after using `endpoint` directly: carries its outputs to the packet path and back.
  public mutating func settle(
    at now: Instant, using random: inout some RandomNumberGenerator
  ) {
    for _ in 0..<Self.roundsMax {
      if let punt = dataplane.nextPunt() {
        raise(punt, at: now, using: &random)
      } else if let event = dataplane.nextEvent() {
        raise(event, at: now, using: &random)
      } else if !carryDown(at: now, using: &random) {
        return
      }
    }
  }

  private mutating func raise(
    _ punt: Punt, at now: Instant, using random: inout some RandomNumberGenerator
  ) {
    switch punt {
    case .ike(let message, let local, let remote, let floated):
      let path = Path(local: local, remote: remote, floated: floated)
      endpoint.receiveISAKMP(message, on: path, at: now, using: &random)
    case .l2tpControl(let message, let carrier, let sourcePort):
      endpoint.receiveL2TP(message, on: carrier, peerPort: sourcePort, at: now, using: &random)
    case .clearL2TPControl(let message, let local, let remote):
      endpoint.receiveClearL2TP(message, local: local, remote: remote, at: now, using: &random)
    case .pppFrame(let frame, let session):
      endpoint.receivePPP(frame, on: session, at: now, using: &random)
    }
  }

  private mutating func raise(
    _ event: DataplaneEvent, at now: Instant, using random: inout some RandomNumberGenerator
  ) {
    switch event {
    case .carrierAlive(let carrier):
      endpoint.noteAuthenticatedTraffic(on: carrier, at: now)
    case .carrierMoved(let carrier, local: _, let remote):
      endpoint.notePeerMoved(on: carrier, to: remote, at: now, using: &random)
    case .inboundLimit(_, let spi, _):
      endpoint.requestRekey(ofInboundSPI: spi, at: now, using: &random)
    case .outboundLimit(let carrier, let spi, _):
      endpoint.requestRekey(ofOutboundSPI: spi, on: carrier, at: now, using: &random)
    }
  }

  /// Carries everything that the endpoint wants done one step down; `false` when it wanted nothing.
  private mutating func carryDown(
    at now: Instant, using random: inout some RandomNumberGenerator
  ) -> Bool {
    var didSomething = false
    while let output = endpoint.nextOutput() {
      didSomething = true
      switch output {
      case .dataplane(let command): apply(command, at: now, using: &random)
      case .sendL2TP(let message, let carrier, let peerPort):
        dataplane.sendL2TPControl(message, on: carrier, peerPort: peerPort, into: &control)
      case .sendPPP(let frame, let session):
        dataplane.sendPPPFrame(frame, on: session, into: &control)
      case .reportActivity(let session):
        let last = dataplane.statistics(of: session)?.lastUserActivity
        endpoint.noteUserActivity(on: session, last: last, at: now, using: &random)
      case .sendISAKMP(let transmit): send(transmit)
      case .compute(let job): outputs.append(.compute(job))
      case .authenticate(let session, let request):
        outputs.append(.authenticate(session, request))
      case .needsAddress(let session, let user, let profile):
        outputs.append(.needsAddress(session, user: user, profile: profile))
      case .event(let event): outputs.append(.event(event))
      }
    }
    return didSomething
  }

  private mutating func send(_ transmit: Transmit) {
    let path = transmit.path
    // RFC 3948 §2.2: four zero bytes tell ISAKMP from ESP on port 4500; keepalives go bare.
    let hasMarker = path.floated && !transmit.isKeepalive
    let datagram = hasMarker ? [0, 0, 0, 0] + transmit.bytes : transmit.bytes
    guard control.append(datagram, remote: path.remote, local: path.local) else {
      controlLost &+= 1
      return
    }
    control[control.count - 1].verdict = .send(path.floated ? .udp4500 : .udp500)
  }

  private mutating func apply(
    _ command: DataplaneCommand, at now: Instant, using random: inout some RandomNumberGenerator
  ) {
    do throws(DataplaneError) {
      switch command {
      case .addCarrier(let id, let carrier): try dataplane.addCarrier(id, carrier)
      case .updateCarrier(let id, let carrier): try dataplane.setCarrier(id, carrier)
      case .removeCarrier(let id): dataplane.removeCarrier(id)
      case .addInbound(let id, let sa, let encapsulation):
        try dataplane.installInboundSA(sa, on: id, encapsulation: encapsulation)
      case .setOutbound(let id, let sa):
        try dataplane.installOutboundSA(sa, on: id, using: &random)
      case .removeInbound(let spi): dataplane.removeInboundSA(spi: spi)
      case .removeOutbound(let id, let spi): dataplane.removeOutboundSA(of: id, spi: spi)
      case .bindSession(let id, let session): try dataplane.bind(id, session)
      case .updateSession(let id, let session):
        try dataplane.update(id) { $0 = session }
      case .unbindSession(let id): dataplane.unbind(id)
      case .addRoute(let prefix, let target): try dataplane.addRoute(prefix, to: target)
      case .removeRoute(let prefix): dataplane.removeRoute(prefix)
      case .allowPair(let one, let other): try dataplane.allowPair(one, other)
      case .denyPair(let one, let other): dataplane.denyPair(one, other)
      }
    } catch {
      outputs.append(.event(.dataplaneRefused(error)))
      giveUp(whatNeeds: command, at: now, using: &random)
    }
  }

  /// A table of the packet path is full: what cannot work is closed now, so that its peer learns of
  /// it and need not wait for a timeout.
  private mutating func giveUp(
    whatNeeds command: DataplaneCommand, at now: Instant,
    using random: inout some RandomNumberGenerator
  ) {
    switch command {
    case .bindSession(let id, _):
      _ = endpoint.closeSession(
        id, .policyRefused, detail: "the packet path is full", at: now, using: &random)
    case .addCarrier(let id, _), .addInbound(let id, _, _):
      // Clear carriers bear the numbers of no connection; their tunnels close all the same.
      _ = endpoint.closeConnection(
        ConnectionID(value: id.value), .policyRefused, at: now, using: &random)
    case .allowPair(let one, let other):
      endpoint.denyForwarding(between: one, and: other)
    case .updateCarrier, .removeCarrier, .setOutbound, .removeInbound, .removeOutbound,
      .updateSession, .unbindSession, .addRoute, .removeRoute, .denyPair:
      break
    }
  }
}

/// What only the owner of a host can do.
public enum HostOutput: Sendable {
  case compute(KeyExchangeJob)
  case authenticate(SessionID, AuthenticationRequest)
  case needsAddress(SessionID, user: String, profile: String)
  case event(EndpointEvent)
}
