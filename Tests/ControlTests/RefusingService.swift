import Control

/// A service that answers every request to close something with one error.
struct RefusingService: ControlService {
  let error: ControlError
  private let twin = InMemoryControlService()

  init(_ error: ControlError) { self.error = error }

  func isakmpPolicies() async -> [ISAKMPPolicyRecord] { await twin.isakmpPolicies() }
  func isakmpExchanges() async -> [ISAKMPExchangeRecord] { await twin.isakmpExchanges() }
  func isakmpSAs() async -> [ISAKMPSARecord] { await twin.isakmpSAs() }
  func isakmpCounters() async -> [Counter] { await twin.isakmpCounters() }
  func ipsecSAs() async -> [IPsecSARecord] { await twin.ipsecSAs() }
  func l2tpDestinations() async -> [L2TPDestinationRecord] { await twin.l2tpDestinations() }
  func l2tpTunnels() async -> [L2TPTunnelRecord] { await twin.l2tpTunnels() }
  func l2tpSessions() async -> [L2TPSessionRecord] { await twin.l2tpSessions() }
  func pppLinks() async -> [PPPRecord] { await twin.pppLinks() }
  func grantsInForce() async -> GrantsReply { await twin.grantsInForce() }
  func version() async -> VersionReply { await twin.version() }
  func health() async -> HealthReply { await twin.health() }
  func reload() async throws(ControlError) -> ReloadReply { try await twin.reload() }
  func openSession(tunnel: UInt64) async throws(ControlError) -> OpenReply { throw error }
  func close(_ target: CloseTarget, id: UInt64) async throws(ControlError) -> CloseReply {
    throw error
  }
}
