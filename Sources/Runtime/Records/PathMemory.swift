import Endpoint
import IKE
import Primitives

/// Where the peers of IPsec connections were, kept for the records of what is closed.
struct PathMemory: Sendable {
  /// Ended connections that are remembered; the oldest go first.
  static let endedMax = 10_000

  /// A path and what lies on it.
  struct Place: Hashable, Sendable {
    var path: Path
    var nat: NATState
  }

  private var places: [ConnectionID: Place] = [:]
  private var ended: [ConnectionID] = []

  subscript(connection: ConnectionID?) -> Place? { connection.flatMap { places[$0] } }

  mutating func note(_ event: EndpointEvent) {
    switch event {
    case .connectionUp(let id, let facts): places[id] = Place(path: facts.path, nat: facts.nat)
    case .connectionDown(let id, _, _):
      guard places[id] != nil else { return }
      ended.append(id)
      // Dropped in blocks, so that a drop costs little on average.
      guard ended.count >= 2 * Self.endedMax else { return }
      for id in ended.prefix(Self.endedMax) { places[id] = nil }
      ended.removeFirst(Self.endedMax)
    case .attemptFailed, .childUp, .childDown, .tunnelUp, .tunnelRefused, .tunnelClosed,
      .sessionUp, .sessionRefused, .sessionClosed, .peerFailed, .isakmpKeys, .note,
      .dataplaneRefused:
      break
    }
  }
}
