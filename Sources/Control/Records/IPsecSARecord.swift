/// A pair of phase 2 SAs, one for each direction (`show ipsec sa`).
public struct IPsecSARecord: Codable, Hashable, Sendable {
  public enum Encapsulation: String, Codable, Sendable { case esp, udp }

  public enum State: String, Codable, Sendable {
    case current
    /// A successor sends already; this one still receives.
    case draining
    case closed
  }

  /// Never given twice while the process lives.
  public var id: UInt64
  /// The IPsec connection that it belongs to.
  public var connection: UInt64
  /// 8 hexadecimal digits.
  public var inboundSPI: String
  /// 8 hexadecimal digits.
  public var outboundSPI: String
  public var endpoints: Endpoints
  public var encapsulation: Encapsulation
  public var role: ExchangeRole
  public var state: State
  /// The policy's name.
  public var policy: String
  public var encryption: String
  /// Absent with AES-GCM.
  public var integrity: String?
  /// Absent without PFS.
  public var pfsGroup: String?
  /// e.g. `192.0.2.1/udp/1701 <-> 198.51.100.7/udp/*`.
  public var selectors: String
  public var ageSeconds: Double
  /// Absent once it is closed.
  public var lifetimeRemainingSeconds: Double?
  /// Absent without such a limit.
  public var lifetimeRemainingBytes: UInt64?
  /// Packets that may still be sent; absent once it is closed.
  public var sequenceNumbersRemaining: UInt64?
  public var replayWindowPackets: Int
  public var packetsIn: UInt64
  public var bytesIn: UInt64
  public var packetsOut: UInt64
  public var bytesOut: UInt64
  /// Packets outside the window or seen before.
  public var replaysDropped: UInt64
  /// Packets whose check value was wrong.
  public var integrityFailures: UInt64
  /// Rightly protected packets outside the negotiated selector.
  public var selectorViolations: UInt64
  /// No tunnel may ride on it again; inherited by its successors (LT-8, LT-9).
  public var spent: Bool
  /// Time until the connection is signalled to disconnect (LT-3); absent while a tunnel uses it.
  public var disconnectInSeconds: Double?
  /// Present once it is closed.
  public var closing: Closing?

  public init(
    id: UInt64, connection: UInt64, inboundSPI: String, outboundSPI: String, endpoints: Endpoints,
    encapsulation: Encapsulation, role: ExchangeRole, state: State, policy: String,
    encryption: String, integrity: String? = nil, pfsGroup: String? = nil, selectors: String,
    ageSeconds: Double, lifetimeRemainingSeconds: Double? = nil,
    lifetimeRemainingBytes: UInt64? = nil, sequenceNumbersRemaining: UInt64? = nil,
    replayWindowPackets: Int, packetsIn: UInt64 = 0, bytesIn: UInt64 = 0, packetsOut: UInt64 = 0,
    bytesOut: UInt64 = 0, replaysDropped: UInt64 = 0, integrityFailures: UInt64 = 0,
    selectorViolations: UInt64 = 0, spent: Bool, disconnectInSeconds: Double? = nil,
    closing: Closing? = nil
  ) {
    self.id = id
    self.connection = connection
    self.inboundSPI = inboundSPI
    self.outboundSPI = outboundSPI
    self.endpoints = endpoints
    self.encapsulation = encapsulation
    self.role = role
    self.state = state
    self.policy = policy
    self.encryption = encryption
    self.integrity = integrity
    self.pfsGroup = pfsGroup
    self.selectors = selectors
    self.ageSeconds = ageSeconds
    self.lifetimeRemainingSeconds = lifetimeRemainingSeconds
    self.lifetimeRemainingBytes = lifetimeRemainingBytes
    self.sequenceNumbersRemaining = sequenceNumbersRemaining
    self.replayWindowPackets = replayWindowPackets
    self.packetsIn = packetsIn
    self.bytesIn = bytesIn
    self.packetsOut = packetsOut
    self.bytesOut = bytesOut
    self.replaysDropped = replaysDropped
    self.integrityFailures = integrityFailures
    self.selectorViolations = selectorViolations
    self.spent = spent
    self.disconnectInSeconds = disconnectInSeconds
    self.closing = closing
  }
}
