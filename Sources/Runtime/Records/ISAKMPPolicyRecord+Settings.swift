import Control
import Primitives
import Settings

extension ISAKMPPolicyRecord {
  init(_ policy: Settings.ISAKMPPolicy) {
    let proposals: [String] =
      switch policy.proposals {
      case .profile(let profile): [profile.rawValue]
      case .list(let list): list.map(\.description)
      }
    var attempts: Int?
    if case .limited(let count) = policy.retryIkeAttempts { attempts = count }
    self.init(
      name: policy.name, peer: "\(policy.peer)", mode: policy.mode.rawValue,
      authentication: policy.authentication.rawValue, proposals: proposals,
      lifetimeSeconds: policy.lifetime.inSeconds, lifetimeBytes: policy.lifetimeBytes,
      messageBackoff: policy.msgBackoff == .incremental ? .incremental : .none,
      msgTimeoutSeconds: policy.msgTimeout.inSeconds, msgRetryLimit: policy.msgRetryLimit,
      retryIkeAttempts: attempts, retriesContinuous: policy.retryIkeAttempts == .continuous,
      dpdIntervalSeconds: policy.dpdInterval.inSeconds,
      dpdTimeoutSeconds: policy.dpdTimeout.inSeconds, sendNotify: policy.sendNotify,
      sendDeletes: policy.sendDeletes, natTraversal: policy.natTraversal.rawValue,
      natKeepaliveSeconds: policy.natKeepalive.inSeconds,
      phase2ExchangeLimit: policy.phase2ExchangeLimit)
  }
}
