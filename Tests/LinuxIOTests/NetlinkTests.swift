import Glibc
import LinuxIO
import Primitives
import Testing

@Suite(.timeLimit(.minutes(5))) struct NetlinkTests {
  private static func address(_ text: String) throws -> IPAddress {
    try SocketAddress.literal(text).address
  }

  private static func prefix(_ text: String) throws -> IPPrefix {
    try #require(IPPrefix(text))
  }

  @Test func linkIsConfigured() async throws {
    try await NetworkNamespace.run {
      var netlink = try Netlink()
      let device = try TUNDevice(name: "draw0")
      var link = try netlink.link(named: device.name)
      #expect(!link.isUp)
      try netlink.configure(link.index, mtuBytes: 1280, queuePackets: 77, isUp: true)
      link = try netlink.link(named: device.name)
      #expect(
        link
          == NetworkLink(
            index: link.index, name: "draw0", mtuBytes: 1280, queuePackets: 77, isUp: true))
      try netlink.configure(link.index, isUp: false)
      link = try netlink.link(named: device.name)
      #expect(!link.isUp)
      #expect(link.mtuBytes == 1280)
    }
  }

  @Test func addressesAndRoutesGoInAndOut() async throws {
    try await NetworkNamespace.run {
      let (own, peer) = (try Self.address("10.9.0.1"), try Self.address("10.9.0.2"))
      let inside = try Self.address("10.20.3.4")
      var netlink = try Netlink()
      let device = try TUNDevice()
      let link = try netlink.link(named: device.name).index
      try netlink.configure(link, isUp: true)
      var changes = NetworkChanges()
      try changes.add(LinkAddress(own, prefixBits: 32, peer: peer, on: link), with: &netlink)
      let toPeer = try netlink.route(to: peer)
      #expect(toPeer == RouteLookup(link: link, source: own))

      let none = #expect(throws: SystemError.self) { _ = try netlink.route(to: inside) }
      #expect(none?.errno == ENETUNREACH)
      let wide = Route(to: try Self.prefix("10.20.0.0/16"), on: link, source: own)
      try changes.add(wide, with: &netlink)
      let through = try netlink.route(to: inside)
      #expect(through == RouteLookup(link: link, source: own))

      // A narrower route through a gateway wins; the pinned form keeps the path.
      let narrow = Route(to: try Self.prefix("10.20.3.4/32"), on: link, gateway: peer)
      try changes.add(narrow, with: &netlink)
      let found = try netlink.route(to: inside)
      #expect(found == RouteLookup(link: link, gateway: peer, source: own))
      #expect(
        found.pinned(inside)
          == Route(to: narrow.destination, on: link, gateway: peer, source: own))

      let again = #expect(throws: SystemError.self) { try changes.add(narrow, with: &netlink) }
      #expect(again?.errno == EEXIST)
      #expect(changes.changes.count == 3)
      let failures = changes.revert(with: &netlink)
      #expect(failures.isEmpty)
      #expect(changes.changes.isEmpty)
      let gone = #expect(throws: SystemError.self) { _ = try netlink.route(to: peer) }
      #expect(gone?.errno == ENETUNREACH)
    }
  }

  @Test func addressesAndRoutesOfIPv6GoInAndOut() async throws {
    try await NetworkNamespace.run {
      var netlink = try Netlink()
      let device = try TUNDevice()
      let link = try netlink.link(named: device.name).index
      try netlink.configure(link, isUp: true)
      let own = LinkAddress(try Self.address("fd00:9::1"), prefixBits: 64, on: link)
      try netlink.add(own)
      let again = #expect(throws: SystemError.self) { try netlink.add(own) }
      #expect(again?.errno == EEXIST)
      let (near, far) = (try Self.address("fd00:20::2"), try Self.address("fd00:30::1"))
      try netlink.add(Route(to: try Self.prefix("fd00:20::/32"), on: link))
      let onLink = try netlink.route(to: near)
      #expect((onLink.link, onLink.gateway) == (link, nil))
      let unreachable = #expect(throws: SystemError.self) { _ = try netlink.route(to: far) }
      #expect(unreachable?.errno == ENETUNREACH)
      let route = Route(to: try Self.prefix("fd00:30::/48"), on: link, gateway: near)
      try netlink.add(route)
      let through = try netlink.route(to: far)
      #expect((through.link, through.gateway) == (link, near))
      try netlink.remove(route)
      try netlink.remove(own)
      let gone = #expect(throws: SystemError.self) { try netlink.remove(own) }
      #expect(gone?.errno == EADDRNOTAVAIL)
    }
  }

  @Test func hostBitsOfADestinationDoNotCount() async throws {
    try await NetworkNamespace.run {
      var netlink = try Netlink()
      let device = try TUNDevice()
      let link = try netlink.link(named: device.name).index
      try netlink.configure(link, isUp: true)
      for text in ["10.20.30.40/12", "0.0.0.0/0", "fd00::1/17"] {
        let route = Route(to: try Self.prefix(text), on: link, metric: 5)
        try netlink.add(route)
        try netlink.remove(route)
        let gone = #expect(throws: SystemError.self) { try netlink.remove(route) }
        #expect(gone?.errno == ESRCH)
      }
    }
  }

  @Test func revertToleratesAnInterfaceThatHasGone() async throws {
    try await NetworkNamespace.run {
      var netlink = try Netlink()
      var changes = NetworkChanges()
      do {
        let device = try TUNDevice()
        let link = try netlink.link(named: device.name).index
        try netlink.configure(link, isUp: true)
        let own = try Self.address("10.9.0.1")
        try changes.add(LinkAddress(own, prefixBits: 24, on: link), with: &netlink)
        try changes.add(Route(to: try Self.prefix("10.20.0.0/16"), on: link), with: &netlink)
      }
      let failures = changes.revert(with: &netlink)
      #expect(failures.isEmpty)
    }
  }

  @Test func errorsSayWhatWasTried() async throws {
    try await NetworkNamespace.run {
      var netlink = try Netlink()
      let error = #expect(throws: SystemError.self) { _ = try netlink.link(named: "none0") }
      #expect(error?.description == "look up the interface none0: No such device (ENODEV)")
    }
  }
}
