import Primitives

/// Where the peers of connections are, so that a new ISAKMP SA finds the connections that it may
/// belong to without a look at all others.
///
/// A connection stands under one socket, where its peer is now; one of ours also under the sockets
/// where the peer that it dialled may turn up. Answers are in the order of insertion.
struct PeerIndex: Sendable {
  private var idsBySocket: [SocketAddress: [ConnectionID]] = [:]
  private var idsByAddress: [IPAddress: [ConnectionID]] = [:]

  /// Entries in all; zero when there are no connections.
  var count: Int { idsBySocket.count + idsByAddress.count }

  /// The connections whose peer is, or may turn up, at `socket`.
  func connections(at socket: SocketAddress) -> [ConnectionID] { idsBySocket[socket] ?? [] }

  /// The connections whose peer is at `address`, on any port.
  func connections(at address: IPAddress) -> [ConnectionID] { idsByAddress[address] ?? [] }

  mutating func insert(_ connection: Connection) {
    for socket in connection.peerSockets {
      idsBySocket[socket, default: []].append(connection.id)
    }
    idsByAddress[connection.path.remote.address, default: []].append(connection.id)
  }

  mutating func remove(_ connection: Connection) {
    for socket in connection.peerSockets {
      Self.remove(connection.id, under: socket, of: &idsBySocket)
    }
    Self.remove(connection.id, under: connection.path.remote.address, of: &idsByAddress)
  }

  private static func remove<Place: Hashable>(
    _ id: ConnectionID, under place: Place, of table: inout [Place: [ConnectionID]]
  ) {
    guard let index = table[place]?.firstIndex(of: id) else { return }
    table[place]?.remove(at: index)
    if table[place]?.isEmpty == true { table[place] = nil }
  }
}
