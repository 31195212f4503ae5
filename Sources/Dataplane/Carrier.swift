import ESP
import IPPacket
import Primitives

/// A carrier as the packet path sees it.
struct Carrier: ~Copyable, Sendable {
  let id: CarrierID
  var configuration: CarrierConfiguration
  /// The index of its outbound SA, if it has one at the moment.
  var outbound: Int?
  var lastAuthenticated: Instant?
  /// From when on its life is worth another event.
  var aliveEventDue: Instant?
  /// The last address reported as new; the same is not reported twice.
  var reportedRemote: SocketAddress?
  /// SPIs of its inbound SAs and its sessions: commands alone look at these.
  var inboundSPIs: Set<UInt32> = []
  var sessions: Set<UInt32> = []

  init(id: CarrierID, configuration: CarrierConfiguration) {
    self.id = id
    self.configuration = configuration
  }

  /// The key of a clear carrier in the table of addresses. IPv4 keys are exact; IPv6 addresses may
  /// share one, so the carrier found is compared.
  static func addressKey(_ address: SocketAddress) -> UInt64 {
    switch address.address {
    case .v4(let v4): UInt64(v4.value) << 16 | UInt64(address.port)
    case .v6(let v6):
      1 << 63 | (v6.high &* 0x9e37_79b9_7f4a_7c15 ^ v6.low) &* 0xbf58_476d_1ce4_e5b9
        ^ UInt64(address.port)
    }
  }
}

/// An inbound SA with what it belongs to.
struct InboundAssociation: ~Copyable, Sendable {
  var sa: InboundSA
  /// Its carrier's index.
  let carrier: Int
  let encapsulation: Encapsulation
  var refusals = InboundRefusals()
}
