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
  static let routesMax = 64

  /// Reads one element of `users`.
  init?(reading section: inout Section) {
    let name = section.require("name", .text("user name", bytesMax: 255))
    let password = section.requireSecret("password")
    let address = section.readOptional("address", .ipv4Address, remark: "(from the pool)")
    var routes: [IPPrefix] = []
    section.read("routes", listOf: .prefix, max: Self.routesMax, into: &routes)
    guard let name, let password else { return nil }
    self.init(name: name, password: password)
    self.address = address
    self.routes = routes
  }
}
