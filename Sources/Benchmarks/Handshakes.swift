import Cryptography
import IKE
import Primitives

/// Initiators and a responder in one memory; only the responder's time is measured.
final class Handshakes {
  private static let gateway = SocketAddress(.v4(IPv4Address(192, 0, 2, 1)), port: 500)

  private let clock = Instant.zero
  private var random = SystemRandom()
  private var initiator: ISAKMPEngine
  private var responder: ISAKMPEngine
  /// Every initiator has its own address, as limits are per address.
  private var nextAddress = IPv4Address(10, 0, 0, 1)
  private var established = 0

  init?(group: KeyExchangeGroup) {
    let transform = ISAKMPTransform(.aesCBC256, .sha256, group)
    let phase1 = ISAKMPPolicy(name: "phase1", peer: .any, transforms: [transform])
    let phase2 = IPsecPolicy(name: "phase2", peer: .any, isakmpPolicy: "phase1")
    guard
      let configuration = try? ISAKMPConfiguration(
        isakmpPolicies: [phase1], ipsecPolicies: [phase2],
        preSharedKeys: [PreSharedKey(peer: .any, secret: Secret(text: "benchmark"))])
    else { return nil }
    initiator = ISAKMPEngine(configuration: configuration)
    responder = ISAKMPEngine(configuration: configuration)
  }

  /// Sets up `count` connections, one after the other; the responder's nanoseconds.
  func run(_ count: Int) -> Double {
    let wanted = established + count
    var spent = 0.0
    for _ in 0..<count { spent += connect() }
    precondition(established == wanted, "\(wanted - established) handshakes failed")
    return spent
  }

  private func connect() -> Double {
    let request = ConnectionRequest(
      policy: "phase2", local: SocketAddress(.v4(nextAddress), port: 500), remote: Self.gateway)
    nextAddress = IPv4Address(nextAddress.value + 1)
    _ = initiator.initiate(request, at: clock, using: &random)
    var spent = 0.0
    var isQuiet = false
    while !isQuiet {
      isQuiet = true
      while let job = initiator.nextJob() {
        initiator.complete(job.run(), at: clock, using: &random)
        isQuiet = false
      }
      var messages: [Transmit] = []
      while let message = initiator.nextTransmit() { messages.append(message) }
      spent += nanoseconds { answer(messages) }
      while let message = responder.nextTransmit() {
        initiator.receive(message.bytes, on: reversed(message.path), at: clock, using: &random)
        isQuiet = false
      }
      if !messages.isEmpty { isQuiet = false }
      while initiator.nextEvent() != nil {}
    }
    return spent
  }

  /// All that a responder does for these messages.
  private func answer(_ messages: [Transmit]) {
    for message in messages {
      responder.receive(message.bytes, on: reversed(message.path), at: clock, using: &random)
    }
    while let job = responder.nextJob() {
      responder.complete(job.run(), at: clock, using: &random)
    }
    while let event = responder.nextEvent() {
      if case .childOutboundReady = event { established += 1 }
    }
  }

  private func reversed(_ path: Path) -> Path {
    Path(local: path.remote, remote: path.local, floated: path.floated)
  }
}
