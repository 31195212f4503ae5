import ConnectionService
import Primitives

/// What a ``ConnectionAgent`` wants done, in order: a record is on stable storage before anything
/// after it is carried out.
public enum ConnectionAgentOutput: Hashable, Sendable {
  /// Start the VPN agent; `over` is observed when that is not possible.
  case dial(VPNParameters, InactivityTimeout, TunnelID)
  /// Close the tunnel that was dialled last; said again while it does not end.
  case closeTunnel(CloseReason)
  /// Post to the broker that is attached now.
  case answer(DeviceAnswer)
  /// Append to the device's history.
  case record(HistoryEvent)
  /// ``ConnectionAgent/state`` is another one: report it.
  case stateChanged
}
