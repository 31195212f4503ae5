import Primitives

/// What only shows when the sections are seen together.
extension GatewayConfiguration {
  func check(_ log: ReadingLog) {
    log.requireUnique(isakmpPolicies.map(\.name), in: "isakmp.policies")
    log.requireUnique(isakmpPolicies.map { "\($0.peer)" }, in: "isakmp.policies", key: "peer")
    log.requireUnique(ipsecPolicies.map(\.name), in: "ipsec.policies")
    log.requireUnique(preSharedKeys.map { "\($0.peer)" }, in: "preSharedKeys", key: "peer")
    log.requireUnique(pools.map(\.name), in: "pools")
    log.requireUnique(pppProfiles.map(\.name), in: "pppProfiles")
    log.requireUnique(destinations.map(\.name), in: "destinations")
    log.requireUnique(destinations.map { "\($0.remote)" }, in: "destinations", key: "remote")
    log.requireUnique(users.map(\.name), in: "users")
    checkRetries(log)
    checkAddresses(log)
    checkCompleteness(log)
  }

  /// IK-11: retries are for connections whose one peer is known to both policies.
  private func checkRetries(_ log: ReadingLog) {
    for (index, policy) in isakmpPolicies.enumerated()
    where policy.retryIkeAttempts != .limited(0) {
      let users = ipsecPolicies.filter { $0.isakmpPolicy == policy.name }
      let problem: String? =
        if policy.peer.specificAddress == nil {
          "the policy is for “\(policy.peer)”, not for one peer"
        } else if let other = users.first(where: { $0.peer != policy.peer }) {
          "the IPsec policy “\(other.name)” on it is for “\(other.peer)”"
        } else if users.isEmpty {
          "no IPsec policy uses it"
        } else {
          nil
        }
      guard let problem else { continue }
      log.report(
        FormProblem(
          .retriesNeedPeer,
          "negotiation retries need one specific peer in the ISAKMP and the IPsec policy",
          cause: problem, next: "name the same peer address in both, or set retryIkeAttempts to 0"),
        at: "isakmp.policies[\(index)].retryIkeAttempts")
    }
  }

  private func checkAddresses(_ log: ReadingLog) {
    for (index, pool) in pools.enumerated() {
      guard let other = pools[..<index].first(where: { $0.range.overlaps(pool.range) })
      else { continue }
      log.report(
        .inconsistent(
          "the pool shares addresses with “\(other.name)”", cause: "the blocks overlap",
          next: "give each pool addresses of its own"),
        at: "pools[\(index)].addresses")
    }
    var owners: [IPv4Address: String] = [:]
    for (index, user) in users.enumerated() {
      guard let address = user.address else { continue }
      if let owner = owners.updateValue(user.name, forKey: address) {
        log.report(
          .inconsistent(
            "\(address) already belongs to the user “\(owner)”", cause: "a block was copied",
            next: "give each user an address of its own"),
          at: "users[\(index)].address")
      }
    }
  }

  private func checkCompleteness(_ log: ReadingLog) {
    if pools.isEmpty, !log.origins.keys.contains("pools") {
      log.report(
        FormProblem(
          .missingKey, "there is no pool of addresses", cause: "clients could get no address",
          next: "add pools: [{name: office, addresses: 10.9.0.0/24}]"),
        at: "pools")
    }
    let needsKey =
      destinations.isEmpty
      || destinations.contains { $0.remoteHosts.contains(where: \.ipsecTransport) }
    if preSharedKeys.isEmpty, needsKey, !log.origins.keys.contains("preSharedKeys") {
      log.report(
        FormProblem(
          .missingKey, "there is no pre-shared key", cause: "no peer could authenticate",
          next: "add preSharedKeys: [{peer: any, secret: \"file:/etc/drawbridge/psk\"}]"),
        at: "preSharedKeys")
    }
    if users.isEmpty, !log.origins.keys.contains("users[0]") {
      log.report(
        FormProblem(
          .noUsers, "nobody can log in", cause: "the list of users is empty",
          next: "add users: [{name: anna, password: \"file:/etc/drawbridge/anna\"}]"),
        at: "users", severity: .warning)
    }
  }
}
