import Agent
import AgentService
import ConnectionService
import Primitives
import Synchronization

/// A dialler whose tunnels do what the test says.
final class MemoryDialler: Dialler {
  private let made = Mutex<[MemoryTunnel]>([])

  var tunnels: [MemoryTunnel] { made.withLock { $0 } }

  func dial(
    _ parameters: VPNParameters, inactivity: InactivityTimeout,
    onChange: @escaping @Sendable () -> Void
  ) -> any DialledTunnel {
    let tunnel = MemoryTunnel(inactivity: inactivity, onChange: onChange)
    made.withLock { $0.append(tunnel) }
    return tunnel
  }
}

final class MemoryTunnel: DialledTunnel {
  let gateway = "192.0.2.1"
  let inactivity: InactivityTimeout
  private let current = Mutex(VPNAgentState.dialling)
  private let asked = Mutex<[CloseReason]>([])
  private let onChange: @Sendable () -> Void

  init(inactivity: InactivityTimeout, onChange: @escaping @Sendable () -> Void) {
    self.inactivity = inactivity
    self.onChange = onChange
  }

  var state: VPNAgentState { current.withLock { $0 } }
  var closes: [CloseReason] { asked.withLock { $0 } }

  func refresh() {}

  /// A tunnel that closes at once, as it is told.
  func close(_ reason: CloseReason) {
    asked.withLock { $0.append(reason) }
    become(.over(reason, detail: ""))
  }

  func become(_ state: VPNAgentState) {
    current.withLock { $0 = state }
    onChange()
  }

  func comeUp() {
    become(.up(TunnelReading(vpnAddress: "10.99.0.7", inactivityLeft: inactivity.duration)))
  }
}
