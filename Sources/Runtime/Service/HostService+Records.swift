import Control
import Glibc
import LinuxIO
import Primitives

extension HostService where Owner: ~Copyable {
  func isakmpPolicies() async throws(ControlError) -> [ISAKMPPolicyRecord] { [] }
  func isakmpExchanges() async throws(ControlError) -> [ISAKMPExchangeRecord] { [] }
  func isakmpSAs() async throws(ControlError) -> [ISAKMPSARecord] { [] }
  func isakmpCounters() async throws(ControlError) -> [Counter] { [] }
  func ipsecSAs() async throws(ControlError) -> [IPsecSARecord] { [] }
  func l2tpDestinations() async throws(ControlError) -> [L2TPDestinationRecord] { [] }
  func l2tpTunnels() async throws(ControlError) -> [L2TPTunnelRecord] { [] }
  func l2tpSessions() async throws(ControlError) -> [L2TPSessionRecord] { [] }
  func pppLinks() async throws(ControlError) -> [PPPRecord] { [] }
  func close(_ target: CloseTarget, id: UInt64) async throws(ControlError) -> CloseReply {
    throw .nothing(target, id: id)
  }
  func openSession(tunnel: UInt64) async throws(ControlError) -> OpenReply {
    throw .nothing(.tunnel, id: tunnel)
  }
  func version() async throws(ControlError) -> VersionReply {
    VersionReply(version: programVersion, role: role, processID: Int(getpid()))
  }
  func health() async throws(ControlError) -> HealthReply {
    HealthReply(ready: true, uptimeSeconds: 0)
  }
  func reload() async throws(ControlError) -> ReloadReply { try await reloading!() }
}
