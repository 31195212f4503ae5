import Dataplane
import IKE
import PPP
import Primitives

/// What an endpoint wants done, in this order.
public enum EndpointOutput: Sendable {
  /// Send an ISAKMP message.
  case sendISAKMP(Transmit)
  /// Run this off the loop and hand the result to `Endpoint.complete`.
  case compute(KeyExchangeJob)
  /// Change the packet path's tables.
  case dataplane(DataplaneCommand)
  /// Send an L2TP control message on a carrier, to the peer's UDP port.
  case sendL2TP([UInt8], on: CarrierID, peerPort: UInt16)
  /// Send a PPP control frame on a session.
  case sendPPP([UInt8], on: SessionID)
  /// Who is this user? Answer with `Endpoint.completeAuthentication`.
  case authenticate(SessionID, AuthenticationRequest)
  /// Which address? Answer with `Endpoint.assignAddress` or `Endpoint.refuseAddress`.
  case needsAddress(SessionID, user: String, profile: String)
  /// When was the last user activity on this session? Answer with `Endpoint.noteUserActivity`.
  case reportActivity(SessionID)
  /// Something that people and the owner want to know.
  case event(EndpointEvent)
}

/// What happened; the journal, the log and the owner of users and pools read these.
public enum EndpointEvent: Sendable {
  case connectionUp(ConnectionID, ConnectionFacts)
  case connectionDown(ConnectionID, CloseReason, detail: String)
  case attemptFailed(ConnectionID, CloseReason, detail: String, retryAt: Instant?)
  case childUp(ConnectionID, ChildSA)
  case childDown(ConnectionID, inboundSPI: UInt32, CloseReason)
  case tunnelUp(TunnelNumber)
  case tunnelRefused(CarrierID, hostName: String, CloseReason, detail: String)
  case tunnelClosed(TunnelNumber, CloseReason, detail: String)
  case sessionUp(SessionID, NetworkFacts)
  case sessionRefused(TunnelNumber, CloseReason, detail: String)
  /// The session is over; whatever the owner gave it can be taken back.
  case sessionClosed(SessionID, CloseReason, detail: String)
  /// A peer's attempt to connect failed before there was a connection.
  case peerFailed(Path, CloseReason, detail: String)
  /// The cipher key of an ISAKMP SA, to read a capture with; only when the configuration asks.
  case isakmpKeys(initiatorCookie: UInt64, key: Secret)
  case note(IKENote)
  /// The packet path refused a command: a table is full.
  case dataplaneRefused(DataplaneError)
}
