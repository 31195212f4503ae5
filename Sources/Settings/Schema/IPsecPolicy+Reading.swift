extension IPsecPolicy {
  static let policiesMax = 256

  /// Reads one element of `ipsec.policies`.
  ///
  /// - Parameter isakmpPolicies: the phase 1 policies, of which a sole one is the default.
  init(reading section: inout Section, isakmpPolicies: [ISAKMPPolicy]) {
    self.init(name: "default", isakmpPolicy: isakmpPolicies.first?.name ?? "default")
    section.read("name", .name, into: &name)
    section.read("peer", .peer, into: &peer)
    section.read(
      reference: "isakmpPolicy", to: isakmpPolicies.map(\.name), listedIn: "isakmp.policies",
      into: &isakmpPolicy)
    readNegotiation(&section)
  }

  /// Reads what a gateway's policy and a dial profile have in common.
  mutating func readNegotiation(_ section: inout Section) {
    section.read("mode", .choice, into: &mode)
    section.read(
      algorithms: "transforms", listName: "transforms such as `aes256-sha256` or `aes256gcm16`",
      into: &transforms, isLegacy: \.isLegacy)
    section.read("pfs", Form<DHGroup>.choice.or("off"), into: &pfs)
    section.read("lifetime", .duration(.seconds(60)...(.seconds(30 * 86_400))), into: &lifetime)
    section.read("lifetimeBytes", .lifetimeBytes, into: &lifetimeBytes)
    section.read("replayWindow", .integer(64...1024), into: &replayWindowPackets)
  }
}
