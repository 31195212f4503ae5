import Dataplane
import Primitives

/// A change of the packet path's tables; applied in the order in which they are emitted.
///
/// Values, not calls, so that they can cross a queue to a data thread.
public enum DataplaneCommand: Sendable {
  case addCarrier(CarrierID, CarrierConfiguration)
  case updateCarrier(CarrierID, CarrierConfiguration)
  case removeCarrier(CarrierID)
  case addInbound(CarrierID, SAConfiguration, Encapsulation)
  /// From now on the carrier sends under this SA; the one before is gone.
  case setOutbound(CarrierID, SAConfiguration)
  case removeInbound(spi: UInt32)
  case removeOutbound(CarrierID, spi: UInt32)
  case bindSession(SessionID, SessionConfiguration)
  case updateSession(SessionID, SessionConfiguration)
  case unbindSession(SessionID)
  case addRoute(IPPrefix, RouteTarget)
  case removeRoute(IPPrefix)
  /// From now on these two sessions exchange packets.
  case allowPair(SessionID, SessionID)
  case denyPair(SessionID, SessionID)
}
