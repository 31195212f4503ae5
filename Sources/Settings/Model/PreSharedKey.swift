import Primitives

/// A secret for the peers that it selects (`preSharedKeys[]`); the narrowest selector wins.
public struct PreSharedKey: Equatable, Sendable {
  public var peer: PeerSelector
  public var secret: Secret

  public init(peer: PeerSelector, secret: Secret) {
    self.peer = peer
    self.secret = secret
  }
}
