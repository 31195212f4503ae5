/// A control service over given records: the twin for tests of everything above the runtime.
public actor InMemoryControlService: ControlService {
  /// Everything that can be asked for.
  public struct State: Sendable {
    public var isakmpPolicies: [ISAKMPPolicyRecord] = []
    public var isakmpExchanges: [ISAKMPExchangeRecord] = []
    public var isakmpSAs: [ISAKMPSARecord] = []
    public var isakmpCounters: [Counter] = []
    public var ipsecSAs: [IPsecSARecord] = []
    public var l2tpDestinations: [L2TPDestinationRecord] = []
    public var l2tpTunnels: [L2TPTunnelRecord] = []
    public var l2tpSessions: [L2TPSessionRecord] = []
    public var pppLinks: [PPPRecord] = []
    public var grants = GrantsReply()
    public var version = VersionReply(version: "0", role: .gateway, processID: 1)
    public var health = HealthReply(ready: true, uptimeSeconds: 0)
    /// What a reload gives; a failure is thrown.
    public var reload: Result<ReloadReply, ControlError> = .success(ReloadReply())

    public init() {}
  }

  private let state: State
  /// The closes that were asked for, in order.
  public private(set) var closed: [CloseReply] = []

  public init(_ state: State = State()) { self.state = state }

  public func isakmpPolicies() -> [ISAKMPPolicyRecord] { state.isakmpPolicies }
  public func isakmpExchanges() -> [ISAKMPExchangeRecord] { state.isakmpExchanges }
  public func isakmpSAs() -> [ISAKMPSARecord] { state.isakmpSAs }
  public func isakmpCounters() -> [Counter] { state.isakmpCounters }
  public func ipsecSAs() -> [IPsecSARecord] { state.ipsecSAs }
  public func l2tpDestinations() -> [L2TPDestinationRecord] { state.l2tpDestinations }
  public func l2tpTunnels() -> [L2TPTunnelRecord] { state.l2tpTunnels }
  public func l2tpSessions() -> [L2TPSessionRecord] { state.l2tpSessions }
  public func pppLinks() -> [PPPRecord] { state.pppLinks }
  public func grantsInForce() -> GrantsReply { state.grants }
  public func version() -> VersionReply { state.version }
  public func health() -> HealthReply { state.health }
  public func reload() throws(ControlError) -> ReloadReply { try state.reload.get() }

  public func openSession(tunnel id: UInt64) throws(ControlError) -> OpenReply {
    guard state.l2tpTunnels.contains(where: { $0.id == id && $0.closing == nil }) else {
      throw .nothing(.tunnel, id: id)
    }
    return OpenReply(tunnel: id)
  }

  public func close(_ target: CloseTarget, id: UInt64) throws(ControlError) -> CloseReply {
    let ids =
      switch target {
      case .tunnel: state.l2tpTunnels.filter { $0.closing == nil }.map(\.id)
      case .session: state.l2tpSessions.filter { $0.closing == nil }.map(\.id)
      case .sa: state.isakmpSAs.filter { $0.closing == nil }.map(\.id)
      }
    guard ids.contains(id) else { throw .nothing(target, id: id) }
    let reply = CloseReply(target: target, id: id)
    closed.append(reply)
    return reply
  }
}

extension ControlError {
  /// No open tunnel, session or SA has that id.
  public static func nothing(_ target: CloseTarget, id: UInt64) -> ControlError {
    let list =
      switch target {
      case .tunnel: "drawbridge show l2tp tunnel"
      case .session: "drawbridge show l2tp session"
      case .sa: "drawbridge show isakmp sa"
      }
    return ControlError(
      .notFound, "there is no \(target.rawValue) \(id)",
      cause: "it is closed already, or never was",
      nextStep: "see \(list)")
  }
}
