import Primitives

/// Why a configuration is refused; the text is for the administrator.
public enum ISAKMPConfigurationError: Error, Hashable, Sendable, CustomStringConvertible {
  case duplicatePolicy(String)
  case unknownISAKMPPolicy(ipsecPolicy: String, isakmpPolicy: String)
  case noTransforms(policy: String)
  case outOfRange(policy: String, setting: String, range: String)
  case retryNeedsSpecificPeer(policy: String)

  public var description: String {
    switch self {
    case .duplicatePolicy(let name): "two policies are named \(name)"
    case .unknownISAKMPPolicy(let policy, let missing):
      "IPsec policy \(policy) names the ISAKMP policy \(missing), which does not exist"
    case .noTransforms(let policy): "policy \(policy) has no transforms"
    case .outOfRange(let policy, let setting, let range):
      "policy \(policy): \(setting) must be \(range)"
    case .retryNeedsSpecificPeer(let policy):
      "policy \(policy): retryIkeAttempts needs a specific peer address in both the ISAKMP and "
        + "the IPsec policy"
    }
  }
}

/// What the engine may hold at most. At a limit newcomers are refused silently and counted, except
/// where `HalfOpenTable` says that an older one gives way.
public struct ISAKMPLimits: Hashable, Sendable {
  /// Main modes that a peer has started and not finished, in all.
  public var halfOpenMax = 2048
  /// The same per source: an IPv4 address, or an IPv6 network of 64 bits.
  public var halfOpenPerAddressMax = 64
  /// First messages per second from one source.
  public var firstMessagesPerSecond = 50
  /// First messages at once from one source.
  public var firstMessageBurst = 100
  public var isakmpSAsMax = 16_384
  /// Phase 2 SAs on one connection; beyond, the oldest superseded one goes, or the new is refused.
  public var phase2SAsPerConnectionMax = 16
  /// Diffie–Hellman jobs waiting or running.
  public var jobsMax = 512

  public init() {}
}

/// The policies, secrets and limits of one host, checked when made.
public struct ISAKMPConfiguration: Sendable {
  public let isakmpPolicies: [ISAKMPPolicy]
  public let ipsecPolicies: [IPsecPolicy]
  public let preSharedKeys: [PreSharedKey]
  public let limits: ISAKMPLimits
  /// Whether every ISAKMP SA's cipher key leaves as `IKEEvent.isakmpKeys`, to read a capture with.
  public var reportsKeys: Bool

  /// Throws the first fault found: IK-1 and IK-10 ranges, IK-11, dangling names.
  public init(
    isakmpPolicies: [ISAKMPPolicy], ipsecPolicies: [IPsecPolicy], preSharedKeys: [PreSharedKey],
    limits: ISAKMPLimits = ISAKMPLimits(), reportsKeys: Bool = false
  ) throws(ISAKMPConfigurationError) {
    self.isakmpPolicies = isakmpPolicies
    self.ipsecPolicies = ipsecPolicies
    self.preSharedKeys = preSharedKeys
    self.limits = limits
    self.reportsKeys = reportsKeys
    for policy in isakmpPolicies { try check(policy) }
    for policy in ipsecPolicies { try check(policy) }
  }

  /// The policy for a peer: the most specific one.
  func isakmpPolicy(for address: IPAddress) -> ISAKMPPolicy? {
    mostSpecific(isakmpPolicies, for: address) { $0.peer }
  }

  /// The IPsec policy for a peer that came in under an ISAKMP policy.
  func ipsecPolicy(under isakmpPolicy: String, for address: IPAddress) -> IPsecPolicy? {
    let candidates = ipsecPolicies.filter { $0.isakmpPolicy == isakmpPolicy }
    return mostSpecific(candidates, for: address) { $0.peer }
  }

  /// The secret for a peer: the most specific one.
  func secret(for address: IPAddress) -> Secret? {
    mostSpecific(preSharedKeys, for: address) { $0.peer }?.secret
  }

  private func check(_ policy: ISAKMPPolicy) throws(ISAKMPConfigurationError) {
    func require(
      _ condition: Bool, _ setting: String, _ range: String
    ) throws(ISAKMPConfigurationError) {
      guard condition else {
        throw .outOfRange(policy: policy.name, setting: setting, range: range)
      }
    }
    guard isakmpPolicies.filter({ $0.name == policy.name }).count == 1 else {
      throw .duplicatePolicy(policy.name)
    }
    guard !policy.transforms.isEmpty else { throw .noTransforms(policy: policy.name) }
    try require((0...1024).contains(policy.backoff.retryLimit), "msgRetryLimit", "0 to 1024")
    try require(
      (1...86_400).contains(policy.backoff.timeoutSeconds), "msgTimeout", "1 to 86400 seconds")
    try require(policy.lifetimeSeconds >= 60, "lifetime", "60 seconds or more")
    try require(policy.keepaliveInterval >= .seconds(1), "keepalive", "one second or more")
    try require((1...64).contains(policy.phase2ExchangesMax), "phase 2 exchange limit", "1 to 64")
    try require(policy.retryPauseFirst > .zero, "retry pause", "more than zero")
    if let detection = policy.deadPeerDetection {
      try require(
        detection.interval >= .seconds(1) && detection.timeout >= detection.interval,
        "dead peer detection", "an interval of one second or more and a timeout not below it")
    }
    if case .count(let limit) = policy.retryIkeAttempts {
      try require((0...16).contains(limit), "retryIkeAttempts", "0 to 16 or continuous")
    }
    if policy.retryIkeAttempts != .count(0) {
      let covered = ipsecPolicies.filter { $0.isakmpPolicy == policy.name }
      guard policy.peer.isSpecificAddress, covered.allSatisfy({ $0.peer.isSpecificAddress })
      else { throw .retryNeedsSpecificPeer(policy: policy.name) }
    }
  }

  private func check(_ policy: IPsecPolicy) throws(ISAKMPConfigurationError) {
    guard ipsecPolicies.filter({ $0.name == policy.name }).count == 1 else {
      throw .duplicatePolicy(policy.name)
    }
    guard isakmpPolicies.contains(where: { $0.name == policy.isakmpPolicy }) else {
      throw .unknownISAKMPPolicy(ipsecPolicy: policy.name, isakmpPolicy: policy.isakmpPolicy)
    }
    guard !policy.transforms.isEmpty else { throw .noTransforms(policy: policy.name) }
    guard policy.lifetimeSeconds >= 60 else {
      throw .outOfRange(policy: policy.name, setting: "lifetime", range: "60 seconds or more")
    }
  }
}
