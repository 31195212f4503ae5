import Primitives

/// Which peers a policy, a key or a profile is for.
public enum PeerSelector: Hashable, Sendable {
  case any
  case prefix(IPPrefix)
  case address(IPAddress)

  public func matches(_ peer: IPAddress) -> Bool {
    switch self {
    case .any: true
    case .prefix(let prefix): prefix.contains(peer)
    case .address(let address): address == peer
    }
  }

  /// The one peer that is meant, which negotiation retries need (IK-11).
  public var specificAddress: IPAddress? {
    switch self {
    case .address(let address): address
    case .prefix, .any: nil
    }
  }

  /// How narrow the selector is; where several match, the narrowest wins.
  public var specificity: Int {
    switch self {
    case .any: -1
    case .prefix(let prefix): prefix.lengthBits
    case .address: 129
    }
  }
}

extension PeerSelector: CustomStringConvertible {
  public var description: String {
    switch self {
    case .any: "any"
    case .prefix(let prefix): "\(prefix)"
    case .address(let address): "\(address)"
    }
  }
}
