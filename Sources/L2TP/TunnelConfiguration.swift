import Primitives

/// How a tunnel behaves; the same for both roles.
public struct TunnelConfiguration: Sendable {
  /// Our Host Name AVP, 1…255 bytes.
  public var hostName: String
  /// Our Vendor Name AVP, at most 255 bytes.
  public var vendorName: String = "Drawbridge"
  /// Our Firmware Revision AVP.
  public var firmwareRevision: UInt16 = 0x0100
  /// The shared secret of tunnel authentication and AVP hiding (RFC 2661 §5.1.1, §4.3).
  public var secret: Secret?
  /// Whether the peer must prove that it knows the secret. With a secret and without this we
  /// answer challenges and send none.
  public var requiresTunnelAuthentication: Bool = false
  /// Whether the values that may be hidden are, from the SCCCN on. Needs a secret.
  public var hideAVPs: Bool = false
  /// Whether our SCCRQ asks for one tunnel only between the two hosts (§4.4.3).
  public var usesTieBreaker: Bool = false
  /// Messages that the peer may send before our acknowledgement, 4…256.
  public var receiveWindow: UInt16 = 4
  /// Silence after which a Hello is sent; zero sends none (§5.5).
  public var helloInterval: Duration = .seconds(60)
  /// Retransmissions of a message before the tunnel is established (§5.8).
  public var retransmissionsMaxOpening: Int = 5
  /// Retransmissions of a message on an established tunnel.
  public var retransmissionsMaxEstablished: Int = 7
  /// The first wait for an acknowledgement; every further one doubles.
  public var firstWait: Duration = .seconds(1)
  /// The longest wait; the RFC allows no less than 8 s.
  public var waitMax: Duration = .seconds(8)
  /// How long a tunnel or a session may take to be established. The RFC's tables have no timer
  /// against a peer that acknowledges everything and then says nothing.
  public var establishmentMax: Duration = .seconds(60)
  /// The most sessions at one time.
  public var sessionsMax: Int = 1024
  /// The most sessions in the tunnel's whole life; 1 makes it a single-shot tunnel (LT-4).
  public var sessionsInLifeMax: Int?

  /// The defaults of the specification under this name.
  public init(hostName: String) { self.hostName = hostName }

  /// The time of all waits for one message (§5.8): how long the state of a closed tunnel is kept.
  func retransmissionCycle(retransmissionsMax: Int) -> Duration {
    var wait = firstWait
    var sum = wait
    for _ in 0..<retransmissionsMax {
      wait = min(wait * 2, waitMax)
      sum += wait
    }
    return sum
  }

  func validate() {
    precondition((1...Attributes.textBytesMax).contains(hostName.utf8.count), "host name length")
    precondition((4...256).contains(receiveWindow), "the receive window is 4 to 256 messages")
    precondition(firstWait > .zero && waitMax >= firstWait, "waits are positive and grow")
    precondition(establishmentMax > .zero, "establishment takes some time")
    precondition(
      retransmissionsMaxOpening >= 0 && retransmissionsMaxEstablished >= 0,
      "retransmissions are counted from 0")
    precondition(
      !requiresTunnelAuthentication && !hideAVPs || !(secret?.isEmpty ?? true),
      "tunnel authentication and AVP hiding need a secret")
    precondition(sessionsMax > 0 && sessionsMax <= 0x8000, "1 to 32768 sessions")
  }
}
