import Glibc
import Primitives

/// Interfaces, addresses and routes that exist only here.
public struct MemoryNetworkControl: NetworkControl, ~Copyable {
  public private(set) var links: [NetworkLink] = []
  public private(set) var addresses: [LinkAddress] = []
  public private(set) var routes: [Route] = []
  private var failures: [Int32] = []

  public init() {}

  /// Makes an interface, as a TUN device would; it is down.
  public mutating func makeLink(named name: String, mtuBytes: Int = 1500) -> LinkIndex {
    let index = LinkIndex(UInt32(links.count + 1))
    links.append(NetworkLink(index: index, name: name, mtuBytes: mtuBytes))
    return index
  }

  /// Makes a call to come fail with an error number, in the order of these calls.
  public mutating func failNextCall(with number: Int32) { failures.append(number) }

  public mutating func link(named name: String) throws(SystemError) -> NetworkLink {
    let operation = "look up the interface \(name)"
    try failIfAsked(operation)
    guard let link = links.first(where: { $0.name == name }) else {
      throw SystemError(operation, errno: ENODEV)
    }
    return link
  }

  public mutating func configure(
    _ link: LinkIndex, mtuBytes: Int?, queuePackets: Int?, isUp: Bool?
  ) throws(SystemError) {
    let operation = "configure interface \(link.value)"
    try failIfAsked(operation)
    guard let position = links.firstIndex(where: { $0.index == link }) else {
      throw SystemError(operation, errno: ENODEV)
    }
    if let mtuBytes { links[position].mtuBytes = mtuBytes }
    if let queuePackets { links[position].queuePackets = queuePackets }
    if let isUp { links[position].isUp = isUp }
  }

  public mutating func add(_ address: LinkAddress) throws(SystemError) {
    let operation = "add the address \(address.address)"
    try failIfAsked(operation)
    guard !addresses.contains(address) else { throw SystemError(operation, errno: EEXIST) }
    addresses.append(address)
  }

  public mutating func remove(_ address: LinkAddress) throws(SystemError) {
    let operation = "remove the address \(address.address)"
    try failIfAsked(operation)
    guard let position = addresses.firstIndex(of: address) else {
      throw SystemError(operation, errno: EADDRNOTAVAIL)
    }
    addresses.remove(at: position)
  }

  public mutating func add(_ route: Route) throws(SystemError) {
    let operation = "add the route to \(route.destination)"
    try failIfAsked(operation)
    guard !routes.contains(where: { $0.competes(with: route) }) else {
      throw SystemError(operation, errno: EEXIST)
    }
    routes.append(route)
  }

  public mutating func remove(_ route: Route) throws(SystemError) {
    let operation = "remove the route to \(route.destination)"
    try failIfAsked(operation)
    guard let position = routes.firstIndex(of: route) else {
      throw SystemError(operation, errno: ESRCH)
    }
    routes.remove(at: position)
  }

  public mutating func route(to address: IPAddress) throws(SystemError) -> RouteLookup {
    let operation = "look up the route to \(address)"
    try failIfAsked(operation)
    let fitting = routes.filter { $0.destination.contains(address) }
    // The longest prefix wins, then the smallest metric.
    let best = fitting.min { left, right in
      (-left.destination.lengthBits, left.metric ?? 0)
        < (-right.destination.lengthBits, right.metric ?? 0)
    }
    guard let best else { throw SystemError(operation, errno: ENETUNREACH) }
    let own = addresses.first {
      $0.link == best.link && $0.address.isIPv4 == address.isIPv4
    }
    return RouteLookup(
      link: best.link, gateway: best.gateway, source: best.source ?? own?.address)
  }

  private mutating func failIfAsked(_ operation: String) throws(SystemError) {
    guard !failures.isEmpty else { return }
    throw SystemError(operation, errno: failures.removeFirst())
  }
}

extension Route {
  /// Whether the kernel would refuse one while it has the other (NLM_F_EXCL).
  fileprivate func competes(with other: Route) -> Bool {
    destination == other.destination && metric == other.metric
  }
}
