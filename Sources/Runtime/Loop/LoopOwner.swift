import Control
import Endpoint
import LinuxIO
import Primitives

/// An owner of a host that a loop can run: what differs between a gateway and a client.
protocol LoopOwner: HostOwner, SendableMetatype, ~Copyable {
  /// Looks at an event after it was logged, and changes the host's network where that is needed.
  mutating func observe(_ event: EndpointEvent, at now: Instant)

  /// Called once a turn, after all inputs: closes what has to be closed.
  mutating func endTurn(at now: Instant, using random: inout some RandomNumberGenerator)

  /// When `endTurn` wants to be called at the latest.
  var nextTurn: Instant? { get }

  /// How it ended by itself; `nil` to go on.
  var ending: LoopEnding? { get }

  /// Begins to close everything, telling the peers.
  mutating func shutDown(
    _ reason: CloseReason, at now: Instant, using random: inout some RandomNumberGenerator)

  /// Nothing is left that a peer should be told.
  var isQuiet: Bool { get }

  /// Takes back what it changed in the host's network; returns what could not be.
  mutating func revert() -> [SystemError]
}

/// How a loop ended.
typealias LoopEnding = Result<CloseReason, ControlError>
