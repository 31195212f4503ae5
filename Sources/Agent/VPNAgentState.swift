import Primitives

/// What the connection agent's supervision sees of the VPN agent (CS-13).
///
/// Between ``ConnectionAgentOutput/dial(_:_:_:)`` and the end of that tunnel it is never `down`, and it
/// always speaks of the tunnel that was dialled last.
public enum VPNAgentState: Hashable, Sendable {
  /// There is no tunnel, and nothing is told of the last one.
  case down
  case dialling
  case up(TunnelReading)
  /// The last tunnel is over, or never stood; `detail` is a sentence for people.
  case over(CloseReason, detail: String)
}

/// What can be read off a tunnel that is up.
public struct TunnelReading: Hashable, Sendable {
  /// Our address inside the VPN, e.g. `10.99.0.7`.
  public var vpnAddress: String
  /// Time without user activity that is left.
  public var inactivityLeft: Duration
  /// User traffic towards the device, in bytes.
  public var receivedBytes: UInt64
  /// User traffic from the device, in bytes.
  public var sentBytes: UInt64

  public init(
    vpnAddress: String, inactivityLeft: Duration, receivedBytes: UInt64 = 0, sentBytes: UInt64 = 0
  ) {
    self.vpnAddress = vpnAddress
    self.inactivityLeft = inactivityLeft
    self.receivedBytes = receivedBytes
    self.sentBytes = sentBytes
  }

  /// Both directions; saturates.
  var bytes: UInt64 {
    let (sum, overflow) = receivedBytes.addingReportingOverflow(sentBytes)
    return overflow ? .max : sum
  }
}
