import Primitives

extension PreSharedKey {
  static let keysMax = 10_000

  /// Reads one element of `preSharedKeys`.
  init?(reading section: inout Section) {
    var peer = PeerSelector.any
    section.read("peer", .peer, into: &peer)
    guard let secret = section.requireSecret("secret") else { return nil }
    self.init(peer: peer, secret: secret)
  }
}

extension AddressPool {
  static let poolsMax = 256

  /// Reads one element of `pools`.
  init?(reading section: inout Section) {
    var name = "default"
    section.read("name", .name, into: &name)
    guard let range = section.require("addresses", .range) else { return nil }
    self.init(name: name, range: range)
  }
}

extension User {
  static let usersMax = 20_000
  /// What the packet path looks through for each packet of a session.
  static let routesMax = 8

  /// Reads one element of `users`.
  init?(reading section: inout Section) {
    let name = section.require("name", .text("user name", bytesMax: 255))
    let password = section.requireSecret("password")
    let address = section.readOptional("address", .ipv4Address, remark: "(from the pool)")
    var routes: [IPPrefix] = []
    section.read("routes", listOf: .prefix, max: Self.routesMax, into: &routes)
    if routes.contains(where: { !$0.address.isIPv4 }) {
      section.log.report(
        .inconsistent(
          "only IPv4 networks are routed to users", cause: "the list has one of IPv6",
          next: "leave it out"),
        at: section.child("routes"))
    }
    guard let name, let password else { return nil }
    self.init(name: name, password: password)
    self.address = address
    self.routes = routes
  }
}
