import Primitives

extension GatewayConfiguration {
  /// Reads the document of a gateway; what is wrong goes to the section's log.
  init(reading document: inout Section) {
    document.read(section: "listen") { listen.readGateway(&$0) }
    document.read(section: "tun") { tun.read(&$0) }
    document.read(section: "control") {
      $0.read("socket", .socketPath, into: &controlSocket)
    }
    document.read(section: "log") {
      $0.read("level", .choice, into: &logLevel)
      $0.read("captureKeys", Form<String>.folder.or("off"), into: &captureKeys)
    }
    readPolicies(&document)
    preSharedKeys = document.read(sections: "preSharedKeys", max: PreSharedKey.keysMax) {
      PreSharedKey(reading: &$0)
    }
    readTunnels(&document)
    users = document.read(sections: "users", max: User.usersMax) { User(reading: &$0) }
    document.read(section: "broker") { broker = BrokerLink(reading: &$0) }
    document.read(section: "limits") { limits.read(&$0) }
    check(document.log)
  }

  private mutating func readPolicies(_ document: inout Section) {
    document.read(section: "isakmp") { section in
      isakmpPolicies = section.read(sections: "policies", max: ISAKMPPolicy.policiesMax) {
        ISAKMPPolicy(reading: &$0)
      }
    }
    if isakmpPolicies.isEmpty { isakmpPolicies = [ISAKMPPolicy(name: "default")] }
    document.read(section: "ipsec") { section in
      ipsecPolicies = section.read(sections: "policies", max: IPsecPolicy.policiesMax) {
        IPsecPolicy(reading: &$0, isakmpPolicies: isakmpPolicies)
      }
    }
    if ipsecPolicies.isEmpty {
      ipsecPolicies = isakmpPolicies.map {
        IPsecPolicy(name: $0.name, peer: $0.peer, isakmpPolicy: $0.name)
      }
    }
  }

  /// Pools, PPP profiles and destinations: each refers to the one before, and each has a default
  /// element, so that a small gateway need not spell them out.
  private mutating func readTunnels(_ document: inout Section) {
    pools = document.read(sections: "pools", max: AddressPool.poolsMax) {
      AddressPool(reading: &$0)
    }
    pppProfiles = document.read(sections: "pppProfiles", max: PPPProfile.profilesMax) {
      PPPProfile(reading: &$0, pools: pools)
    }
    if pppProfiles.isEmpty, let pool = pools.first {
      pppProfiles = [PPPProfile(name: "default", pool: pool.name)]
    }
    destinations = document.read(sections: "destinations", max: DestinationProfile.profilesMax) {
      DestinationProfile(reading: &$0, pppProfiles: pppProfiles)
    }
    if destinations.isEmpty, let profile = pppProfiles.first {
      destinations = [
        DestinationProfile(
          name: "default", remoteHosts: [RemoteHost(pppProfile: profile.name)])
      ]
    }
  }
}
