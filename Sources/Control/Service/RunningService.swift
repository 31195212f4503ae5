import Primitives

/// A gateway or client that can be run: what the program starts, and what its socket answers for.
public protocol RunningService: ControlService {
  /// Runs until it ends by itself, by a signal, or because the task is cancelled; then nothing that
  /// it made is left: no interface, route or socket.
  ///
  /// - Throws: what kept it from starting, e.g. `refused` for a busy port.
  func run() async throws(ControlError) -> CloseReason
}

/// What a client has once its tunnel is up.
public struct DialUp: Codable, Hashable, Sendable {
  /// Our VPN address.
  public var address: String
  /// The gateway's address on the link.
  public var peerAddress: String
  /// The interface; absent without one.
  public var interface: String?
  public var mtuBytes: Int
  public var dns: [String]
  /// From the first packet to the address.
  public var elapsedSeconds: Double

  public init(
    address: String, peerAddress: String, interface: String?, mtuBytes: Int, dns: [String],
    elapsedSeconds: Double
  ) {
    self.address = address
    self.peerAddress = peerAddress
    self.interface = interface
    self.mtuBytes = mtuBytes
    self.dns = dns
    self.elapsedSeconds = elapsedSeconds
  }
}
