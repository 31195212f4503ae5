import Agent
import Endpoint
import IKE
import Primitives

/// A client of the simulation with what it has seen; a restarted one is another client.
public final class Client {
  /// Names this life; no other client ever has it.
  public let life: Int
  public let user: String
  public var host: VirtualHost<VPNAgent>
  public internal(set) var watch: Watch
  /// What its own configuration demands of its tunnels.
  let rules: TunnelRules
  public internal(set) var pingsSent = 0
  /// Established ones, as they were when the world last looked.
  var isakmpSAs: Set<Cookies> = []
  /// A planted fault has made it dial a second time.
  var hasDialledAgain = false
  /// Numbers of its packets that were answered.
  public internal(set) var pingsAnswered: Set<UInt32> = []

  init(
    _ host: consuming VirtualHost<VPNAgent>, life: Int, user: String, watch: Watch,
    rules: TunnelRules
  ) {
    self.life = life
    self.user = user
    self.host = host
    self.watch = watch
    self.rules = rules
  }
}
