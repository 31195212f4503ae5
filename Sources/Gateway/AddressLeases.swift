import Dataplane
import Primitives

/// The address pools of a gateway, and which session has which address.
///
/// An address belongs to one session at a time in the whole gateway, whatever pools overlap or are
/// named anew: there is one table of routes.
struct AddressLeases: Sendable {
  private var pools: [String: AddressPool]
  private var leases: [SessionID: IPv4Address] = [:]
  private var holders: [IPv4Address: SessionID] = [:]

  init(pools: [String: AddressPool]) { self.pools = pools }

  /// Addresses given and not yet returned.
  var count: Int { leases.count }

  /// Takes the user's static address, or a free one of `pool`; a session keeps what it has.
  mutating func take(
    static address: IPv4Address?, from pool: String, for session: SessionID
  ) throws(AddressPool.Refusal) -> IPv4Address {
    if let lease = leases[session] { return lease }
    guard let given = try pools[pool]?.take(static: address) else { throw .unknownPool }
    for name in pools.keys { pools[name]?.occupy(given) }
    leases[session] = given
    holders[given] = session
    return given
  }

  /// Who has this address now.
  func holder(of address: IPv4Address) -> SessionID? { holders[address] }

  /// Gives what one session has to another, which has nothing; the first keeps nothing.
  mutating func pass(from old: SessionID, to new: SessionID) {
    guard leases[new] == nil, let address = leases.removeValue(forKey: old) else { return }
    leases[new] = address
    holders[address] = new
  }

  /// The session is over; one without an address changes nothing.
  mutating func release(_ session: SessionID) {
    guard let address = leases.removeValue(forKey: session) else { return }
    holders[address] = nil
    for name in pools.keys { pools[name]?.release(address) }
  }

  /// From now on addresses come from other pools; those that are in use stay so.
  mutating func replacePools(_ pools: [String: AddressPool]) {
    self.pools = pools
    for name in pools.keys {
      for address in leases.values { self.pools[name]?.occupy(address) }
    }
  }
}
