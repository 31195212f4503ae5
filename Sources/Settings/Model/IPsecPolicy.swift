/// How phase 2 is negotiated with a peer (`ipsec.policies[]`).
public struct IPsecPolicy: Hashable, Sendable {
  public enum Mode: String, CaseIterable, Sendable { case transport }

  public var name: String
  public var peer: PeerSelector
  /// The phase 1 policy that it rides on.
  public var isakmpPolicy: String
  public var mode = Mode.transport
  public var transforms = AlgorithmChoice<ESPTransform>.profile(.standard)
  /// The group that phase 2 must use; `nil` follows the peer's wish.
  public var pfs: DHGroup?
  /// 1 minute to 30 days.
  public var lifetime = Duration.seconds(3600)
  /// Bytes that one SA may carry; `nil` for no such limit.
  public var lifetimeBytes: UInt64?
  /// Packets that may arrive late and out of order, 64 to 1024.
  public var replayWindowPackets = 64

  public init(name: String, peer: PeerSelector = .any, isakmpPolicy: String) {
    self.name = name
    self.peer = peer
    self.isakmpPolicy = isakmpPolicy
  }
}
