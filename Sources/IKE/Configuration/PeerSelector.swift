import Primitives

/// Whom a policy or a secret is for. Main mode with a pre-shared key knows only the address.
public enum PeerSelector: Hashable, Sendable {
  case address(IPAddress)
  case prefix(IPPrefix)
  case any

  /// How specific a match is: higher wins; `nil` when `address` is not meant.
  func specificity(for address: IPAddress) -> Int? {
    switch self {
    case .address(let mine): mine == address ? 1000 : nil
    case .prefix(let prefix): prefix.contains(address) ? 1 + prefix.lengthBits : nil
    case .any: 0
    }
  }

  /// Whether this names exactly one peer (IK-11).
  public var isSpecificAddress: Bool {
    switch self {
    case .address: true
    case .prefix, .any: false
    }
  }
}

/// The most specific of `candidates`; among equals the first.
func mostSpecific<Candidate>(
  _ candidates: [Candidate], for address: IPAddress, by selector: (Candidate) -> PeerSelector
) -> Candidate? {
  var best: (candidate: Candidate, specificity: Int)?
  for candidate in candidates {
    guard let specificity = selector(candidate).specificity(for: address) else { continue }
    if best.map({ specificity > $0.specificity }) ?? true { best = (candidate, specificity) }
  }
  return best?.candidate
}
