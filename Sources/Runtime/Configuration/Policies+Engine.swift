import IKE
import Primitives
import Settings

// Policies and keys of the configuration, as the ISAKMP engine takes them.

extension Settings.PeerSelector {
  var engineSelector: IKE.PeerSelector {
    switch self {
    case .any: .any
    case .prefix(let prefix): .prefix(prefix)
    case .address(let address): .address(address)
    }
  }

  /// The peers as one block; `nil` for any.
  var block: IPPrefix? {
    switch self {
    case .any: nil
    case .prefix(let prefix): prefix
    case .address(let address): IPPrefix(address, lengthBits: address.isIPv4 ? 32 : 128)
    }
  }
}

extension Settings.ISAKMPPolicy {
  /// The engine knows no "never" for keepalives; nothing lives for 68 years.
  private static let never = Duration.seconds(Int64(Int32.max))

  var enginePolicy: IKE.ISAKMPPolicy {
    var policy = IKE.ISAKMPPolicy(
      name: name, peer: peer.engineSelector, transforms: proposals.engineTransforms)
    policy.lifetimeSeconds = UInt64(clamping: lifetime.wholeSeconds)
    policy.backoff = IKE.MessageBackoff(
      retryLimit: msgRetryLimit, timeoutSeconds: Int(clamping: msgTimeout.wholeSeconds),
      mode: msgBackoff == .incremental ? .incremental : .none)
    switch retryIkeAttempts {
    case .limited(let count): policy.retryIkeAttempts = .count(count)
    case .continuous: policy.retryIkeAttempts = .continuous
    }
    policy.retryPauseFirst = retryPause
    policy.retryPauseMax = retryPauseMax
    policy.deadPeerDetection =
      dpdInterval == .zero ? nil : DeadPeerDetection(interval: dpdInterval, timeout: dpdTimeout)
    policy.sendNotify = sendNotify
    policy.sendDeletes = sendDeletes
    switch natTraversal {
    case .on: policy.natTraversal = .on
    case .force: policy.natTraversal = .forced
    case .off: policy.natTraversal = .off
    }
    policy.keepaliveInterval = natKeepalive == .zero ? Self.never : natKeepalive
    policy.phase2ExchangesMax = phase2ExchangeLimit
    return policy
  }
}

extension Settings.IPsecPolicy {
  var enginePolicy: IKE.IPsecPolicy {
    var policy = IKE.IPsecPolicy(
      name: name, peer: peer.engineSelector, isakmpPolicy: isakmpPolicy,
      transforms: transforms.engineTransforms)
    policy.perfectForwardSecrecy = pfs?.engineGroup
    policy.lifetimeSeconds = UInt64(clamping: lifetime.wholeSeconds)
    policy.lifetimeKilobytes = lifetimeBytes.map { max(1, $0 / 1024) }
    policy.replayWindowPackets = UInt32(clamping: replayWindowPackets)
    return policy
  }
}

extension Settings.PreSharedKey {
  var engineKey: IKE.PreSharedKey {
    IKE.PreSharedKey(peer: peer.engineSelector, secret: secret)
  }
}

extension Settings.GatewayLimits {
  /// An SA and its successor live side by side for a while, so there are twice as many SAs as
  /// connections.
  var isakmpLimits: ISAKMPLimits {
    var limits = ISAKMPLimits()
    limits.halfOpenMax = halfOpenExchanges
    limits.halfOpenPerAddressMax = halfOpenExchangesPerSource
    limits.isakmpSAsMax = 2 * ipsecConnections
    return limits
  }
}
