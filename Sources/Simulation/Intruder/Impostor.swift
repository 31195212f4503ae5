import Gateway
import Primitives

/// Somebody who answers one client in the place of the gateway, with everything that a gateway has
/// but the secret.
final class Impostor {
  /// The client's own address.
  let client: IPAddress
  var host: VirtualHost<Gateway>

  init(_ host: consuming VirtualHost<Gateway>, before client: IPAddress) {
    self.client = client
    self.host = host
  }
}

extension World {
  /// A client begins a life: before it may stand an impostor, and whoever stood there goes.
  mutating func placeImpostor(before index: Int, _ cast: Cast, _ mistake: Cast.Mistake?) throws {
    let client = cast.clientAddress(index)
    impostors.removeAll { $0.client == client }
    guard mistake == .gateway else { return }
    impostors.append(Impostor(try cast.gateway(mistake: .secret), before: client))
  }

  /// Whether a packet to the gateway never gets there.
  mutating func isTakenByImpostor(_ packet: VirtualPacket) -> Bool {
    let client = network.hostAddress(behind: packet.source)
    guard let impostor = impostors.first(where: { $0.client == client }) else { return false }
    impostor.host.receive(packet, at: now, using: &random)
    sendAnswers(of: impostor)
    return true
  }

  mutating func handleImpostorTimeouts() {
    for impostor in impostors {
      guard let due = impostor.host.nextTimeout, due <= now else { continue }
      impostor.host.handleTimeout(at: now, using: &random)
      sendAnswers(of: impostor)
    }
  }

  private mutating func sendAnswers(of impostor: Impostor) {
    _ = impostor.host.takeEvents()
    _ = impostor.host.takeDelivered()
    for (packet, _) in impostor.host.takePackets() {
      network.send(packet, at: now, using: &random)
    }
  }
}
