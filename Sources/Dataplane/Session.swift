import Primitives

/// What passed a session; IP packets alone count.
public struct SessionStatistics: Hashable, Sendable {
  public var packetsFromUser: UInt64 = 0
  public var bytesFromUser: UInt64 = 0
  public var packetsToUser: UInt64 = 0
  public var bytesToUser: UInt64 = 0
  /// When the last IP packet from or to the user passed.
  public var lastUserActivity: Instant?

  public init() {}
}

/// A session as the packet path sees it.
struct Session: ~Copyable, Sendable {
  let id: SessionID
  /// Its carrier's index.
  let carrier: Int
  // The configuration once more, flat: reading it here touches no reference count.
  private(set) var peerTunnelID: UInt16 = 0
  private(set) var peerSessionID: UInt16 = 0
  private(set) var peerPort: UInt16 = 0
  private(set) var compressesAddressAndControl = false
  private(set) var compressesProtocol = false
  private(set) var sequencing = DataSequencing.never
  private(set) var segmentBytesMax: UInt16 = 0
  private(set) var isOpen = false
  /// The peer's last data message carried sequence numbers.
  var peerSequences = false
  /// The next sequence number to send (RFC 2661 §5.4).
  var sequenceNext: UInt16 = 0
  var statistics = SessionStatistics()
  private var sources = InlineArray<9, Block>(repeating: Block())
  private var sourceCount = 0
  /// What it was bound with, its routes and the sessions it may talk to: commands alone look at
  /// these.
  private(set) var configuration: SessionConfiguration
  var routes: Set<IPPrefix> = []
  var pairs: Set<UInt32> = []

  /// An IPv4 prefix, ready to compare.
  private struct Block: BitwiseCopyable, Sendable {
    var network: UInt32 = 0
    var mask: UInt32 = 0
  }

  init(id: SessionID, carrier: Int, configuration: SessionConfiguration) {
    self.id = id
    self.carrier = carrier
    self.configuration = configuration
    apply()
  }

  /// Lets `change` edit the configuration; what the session was bound by stays.
  mutating func reconfigure(_ change: (inout SessionConfiguration) -> Void) {
    let before = configuration
    change(&configuration)
    configuration.carrier = before.carrier
    configuration.localTunnelID = before.localTunnelID
    configuration.localSessionID = before.localSessionID
    apply()
  }

  private mutating func apply() {
    peerTunnelID = configuration.peerTunnelID
    peerSessionID = configuration.peerSessionID
    peerPort = configuration.peerPort
    compressesAddressAndControl = configuration.compressesAddressAndControl
    compressesProtocol = configuration.compressesProtocol
    sequencing = configuration.sequencing
    segmentBytesMax = configuration.segmentBytesMax
    isOpen = configuration.isOpen
    sourceCount = 0
    if let address = configuration.innerAddress {
      allow(Block(network: address.value, mask: .max))
    }
    for prefix in configuration.allowedSources.prefix(SessionConfiguration.sourcesMax) {
      guard case .v4(let network) = prefix.address else { continue }
      let mask = RouteTable.mask(lengthBits: prefix.lengthBits)
      allow(Block(network: network.value & mask, mask: mask))
    }
  }

  private mutating func allow(_ block: Block) {
    sources[sourceCount] = block
    sourceCount += 1
  }

  /// Whether the user may send from `source`.
  @inline(__always)
  func allows(source: IPv4Address) -> Bool {
    for index in 0..<sourceCount where source.value & sources[index].mask == sources[index].network
    {
      return true
    }
    return false
  }

  @inline(__always)
  var sendsSequence: Bool {
    switch sequencing {
    case .never: false
    case .always: true
    case .followsPeer: peerSequences
    }
  }

  /// The key of a session in the table of L2TP ids.
  static func idsKey(carrier: Int, tunnelID: UInt16, sessionID: UInt16) -> UInt64 {
    UInt64(truncatingIfNeeded: carrier) << 32 | UInt64(tunnelID) << 16 | UInt64(sessionID)
  }
}
