import Primitives

extension ListenAddresses {
  static let addressesMax = 64

  /// Reads `listen` of a gateway.
  mutating func readGateway(_ section: inout Section) {
    section.read("addresses", listOf: .address, max: Self.addressesMax, into: &addresses)
    section.read("ike", .port(), into: &ikePort)
    section.read("natt", .port(), into: &nattPort)
    section.read("l2tp", Form<UInt16>.port().or("off"), into: &clearL2TPPort)
    requireDistinctPorts(section)
  }

  /// Reads `listen` of a dial profile: one address, and 0 for a free port.
  mutating func readDial(_ section: inout Section) {
    var address = IPAddress.v4(.any)
    section.read("address", .address, into: &address)
    addresses = [address]
    section.read("ike", .port(from: 0), into: &ikePort)
    section.read("natt", .port(from: 0), into: &nattPort)
    requireDistinctPorts(section)
  }

  private func requireDistinctPorts(_ section: Section) {
    let ports = [ikePort, nattPort, clearL2TPPort].compactMap(\.self).filter { $0 != 0 }
    guard Set(ports).count < ports.count else { return }
    section.log.report(
      .inconsistent(
        "two of the ports are the same", cause: "each carries a protocol of its own",
        next: "use 500 for ike and 4500 for natt"),
      at: section.child("natt"))
  }
}

extension TunInterface {
  /// Reads `tun`.
  mutating func read(_ section: inout Section) {
    section.read("name", Form<String>.interfaceName.or("none"), into: &name)
    section.read("mtu", .integer(576...9000), into: &mtuBytes)
  }
}

extension GatewayLimits {
  /// Reads `limits`.
  mutating func read(_ section: inout Section) {
    section.read("halfOpenExchanges", .integer(1...100_000), into: &halfOpenExchanges)
    section.read(
      "halfOpenExchangesPerSource", .integer(1...100_000), into: &halfOpenExchangesPerSource)
    section.read("ipsecConnections", .integer(1...1_000_000), into: &ipsecConnections)
    section.read("tunnels", .integer(1...65_535), into: &tunnels)
    section.read("sessions", .integer(1...1_000_000), into: &sessions)
  }
}
