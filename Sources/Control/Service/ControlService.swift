/// What a running gateway or client answers, one method a request.
///
/// The runtime implements it over its control loop, ``InMemoryControlService`` over given records.
/// Lists are sorted by id, so that two askings of one state are equal.
public protocol ControlService: Sendable {
  func isakmpPolicies() async throws(ControlError) -> [ISAKMPPolicyRecord]
  func isakmpExchanges() async throws(ControlError) -> [ISAKMPExchangeRecord]
  func isakmpSAs() async throws(ControlError) -> [ISAKMPSARecord]
  func isakmpCounters() async throws(ControlError) -> [Counter]
  func ipsecSAs() async throws(ControlError) -> [IPsecSARecord]
  func l2tpDestinations() async throws(ControlError) -> [L2TPDestinationRecord]
  func l2tpTunnels() async throws(ControlError) -> [L2TPTunnelRecord]
  func l2tpSessions() async throws(ControlError) -> [L2TPSessionRecord]
  func pppLinks() async throws(ControlError) -> [PPPRecord]

  /// Who may reach whom, and where that comes from.
  ///
  /// - Throws: `refused` by a client.
  func grantsInForce() async throws(ControlError) -> GrantsReply

  /// Begins to close something; the record stays, closed, until its destruct timeout.
  ///
  /// - Throws: `notFound` for an id that nothing has, `refused` for something closed already.
  func close(_ target: CloseTarget, id: UInt64) async throws(ControlError) -> CloseReply

  /// Asks the peer for one more session in a standing tunnel that this process opened.
  ///
  /// - Throws: `notFound` for an id that nothing has or that the peer opened.
  func openSession(tunnel: UInt64) async throws(ControlError) -> OpenReply

  func version() async throws(ControlError) -> VersionReply
  func health() async throws(ControlError) -> HealthReply

  /// Reads the configuration again without dropping a tunnel.
  ///
  /// - Throws: `refused` for one that cannot be used; the old one stays in force.
  func reload() async throws(ControlError) -> ReloadReply
}
