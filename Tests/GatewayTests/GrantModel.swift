import ConnectionService
import Dataplane
import Primitives

@testable import Gateway

/// What the grant table should do, said as simply as possible: everything is worked out anew each
/// time.
struct GrantModel {
  struct Session {
    var id: SessionID
    var user: String
    var address: IPv4Address
  }

  let limits: GrantTable.Limits
  /// In no particular order; one a connection.
  var grants: [Grant] = []
  /// In the order in which they came up.
  var sessions: [Session] = []

  mutating func apply(_ change: GrantChange) {
    switch change {
    case .all(let all):
      // The first ones count, whether they were known before or not.
      grants = []
      for grant in all { add(grant) }
    case .granted(let grant): add(grant)
    case .revoked(let connection): grants.removeAll { $0.connection == connection }
    }
  }

  private mutating func add(_ grant: Grant) {
    grants.removeAll { $0.connection == grant.connection }
    if grants.count < limits.grantsMax { grants.append(grant) }
  }

  private var active: [Session] {
    var perUser: [String: Int] = [:]
    return sessions.filter { session in
      perUser[session.user, default: 0] += 1
      return perUser[session.user, default: 0] <= limits.sessionsPerUserMax
    }
  }

  /// Every pair that may talk.
  var pairs: Set<SessionPair> {
    var pairs: Set<SessionPair> = []
    for grant in grants {
      for person in active where person.user == grant.operatorUser {
        for device in active
        where device.user == grant.deviceUser && "\(device.address)" == grant.deviceAddress {
          if let pair = SessionPair(person.id, device.id) { pairs.insert(pair) }
        }
      }
    }
    return pairs
  }
}

extension GrantTable {
  /// The orders that wait, all of them.
  mutating func drain() -> [Order] {
    var orders: [Order] = []
    while let order = nextOrder() { orders.append(order) }
    return orders
  }
}

extension Grant {
  /// Connection number `number`, for short.
  init(_ number: Int, _ person: String, _ device: String, _ address: String) {
    self.init(
      connection: .numbered(number), operatorUser: person, deviceUser: device,
      deviceAddress: address)
  }
}

extension ConnectionID {
  /// The same id for the same number.
  static func numbered(_ number: Int) -> ConnectionID {
    var random = SeededRandom(seed: UInt64(number))
    return ConnectionID(using: &random)
  }
}
