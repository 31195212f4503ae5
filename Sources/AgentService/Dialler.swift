import Agent
import ConnectionService
import Logging
import Primitives
import Runtime
import Settings

/// Starts VPN agents, one for each tunnel.
public protocol Dialler: Sendable {
  /// Dials; what goes wrong at once is said by the tunnel's state, too.
  ///
  /// - Parameter onChange: called on any thread when the tunnel is up, and when it is over.
  func dial(
    _ parameters: VPNParameters, inactivity: InactivityTimeout,
    onChange: @escaping @Sendable () -> Void
  ) -> any DialledTunnel
}

/// A tunnel from its first packet to its end.
public protocol DialledTunnel: Sendable {
  /// Where it leads, for the log.
  var gateway: String { get }
  var state: VPNAgentState { get }
  /// Asks for new times and bytes in ``state``; returns at once.
  func refresh()
  func close(_ reason: CloseReason)
}

/// Dials with this process's own tunnels and the credentials of its configuration.
public struct RuntimeDialler: Dialler {
  private let configuration: AgentConfiguration
  private let logger: Logger

  public init(_ configuration: AgentConfiguration, logger: Logger) {
    self.configuration = configuration
    self.logger = logger
  }

  public func dial(
    _ parameters: VPNParameters, inactivity: InactivityTimeout,
    onChange: @escaping @Sendable () -> Void
  ) -> any DialledTunnel {
    do throws(Unusable) {
      let profile = try profile(parameters, inactivity.duration)
      do {
        let tunnel = try Runtime.VPNTunnel(profile, logger: logger, onChange: onChange)
        tunnel.start()
        return RunningTunnel(gateway: "\(profile.gateway)", tunnel: tunnel)
      } catch {
        throw Unusable(why: "\(error.detail): \(error.cause)")
      }
    } catch {
      return UndialledTunnel(gateway: parameters.gateway ?? "", why: error.why)
    }
  }

  /// A connect that this device cannot follow, in a sentence without secrets.
  private struct Unusable: Error { var why: String }

  private func profile(
    _ parameters: VPNParameters, _ inactivity: Duration
  ) throws(Unusable) -> DialConfiguration {
    var gateway: IPAddress?
    if let text = parameters.gateway {
      guard let address = IPAddress(text) else {
        throw Unusable(why: "the gateway in the request is no IP address")
      }
      gateway = address
    }
    switch parameters.credentials {
    case .named(let name):
      guard
        let profile = configuration.profile(
          named: name.text, gateway: gateway, inactivity: inactivity)
      else { throw Unusable(why: "this device has no credentials named \(name)") }
      return profile
    case .given(let given):
      guard let gateway else { throw Unusable(why: "the request names no gateway") }
      return configuration.profile(
        gateway: gateway, preSharedKey: Secret(text: given.preSharedKey), user: given.user,
        password: Secret(text: given.password), inactivity: inactivity)
    }
  }
}

private struct RunningTunnel: DialledTunnel {
  let gateway: String
  let tunnel: Runtime.VPNTunnel

  var state: VPNAgentState { tunnel.state }
  func refresh() { tunnel.refresh() }
  func close(_ reason: CloseReason) { tunnel.close(reason) }
}

/// A tunnel that was over before its first packet.
private struct UndialledTunnel: DialledTunnel {
  let gateway: String
  let why: String

  var state: VPNAgentState { .over(.policyRefused, detail: why) }
  func refresh() {}
  func close(_ reason: CloseReason) {}
}
