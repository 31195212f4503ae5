import IKE
import Primitives

/// What somebody on the path does to the messages of one client, without knowing any secret.
struct Interception: Sendable {
  enum Deed: Sendable, Equatable, CaseIterable {
    /// Takes the best transform out of message 1 of main mode.
    case weakensOffer
    /// Turns a bit of HASH_I, HASH_R and the HASHes of quick mode over.
    case altersMessage5
    case altersMessage6
    case altersQuickMode1
    case altersQuickMode2
    case altersQuickMode3
    /// Holds the message back and sends it on from his own address; in phase 2 every message.
    case divertsMessage3
    case divertsMessage5
    case divertsPhase2

    /// Whether the promise holds for a client's first messages only: what was under way before
    /// cannot be told from what is forbidden.
    var needsFreshClient: Bool {
      switch self {
      case .altersQuickMode1, .altersQuickMode2, .altersQuickMode3: true
      case .weakensOffer, .altersMessage5, .altersMessage6, .divertsMessage3, .divertsMessage5,
        .divertsPhase2:
        false
      }
    }

    /// Whether with NAT traversal the gateway follows to where the message came from (RFC 3947 §4).
    var isFollowed: Bool { self == .divertsMessage5 || self == .divertsPhase2 }
  }

  let client: IPAddress
  let deed: Deed

  /// What becomes of a message of that client; `nil`: it goes on as it is.
  func change(
    _ seen: SeenMessage, at place: SeenMessage.Place, isClients: Bool, isToGateway: Bool,
    hashOffsets: HashOffsets
  ) -> Change? {
    switch (deed, place) {
    case (.weakensOffer, .mainMode(1)) where isClients:
      return seen.weakened.map { .rewrite($0) }
    case (.altersMessage5, .mainMode(5)) where isClients:
      return seen.altered(hashOffset: hashOffsets.message5).map { .rewrite($0) }
    case (.altersMessage6, .mainMode(6)) where isClients:
      return seen.altered(hashOffset: hashOffsets.message6).map { .rewrite($0) }
    case (.altersQuickMode1, .quickMode(1)) where isClients,
      (.altersQuickMode2, .quickMode(2)) where isClients,
      (.altersQuickMode3, .quickMode(3)) where isClients:
      return seen.altered(hashOffset: HashOffsets.quickMode).map { .rewrite($0) }
    case (.divertsMessage3, .mainMode(3)) where isToGateway: return .divert
    case (.divertsMessage5, .mainMode(5)) where isToGateway: return .divert
    case (.divertsPhase2, .quickMode) where isToGateway: return .divert
    case (.divertsPhase2, .informational) where isToGateway: return .divert
    default: return nil
    }
  }

  enum Change: Sendable {
    case rewrite([UInt8])
    case divert
  }
}

/// Where the HASH begins in the plaintext of a message: behind the payloads before it and its own
/// generic header.
struct HashOffsets: Sendable {
  static let quickMode = Payload.headerBytes

  let message5: Int
  let message6: Int

  /// - Parameters:
  ///   - client: the identity that the client shows in message 5.
  ///   - gateway: the identity that the gateway shows in message 6.
  init(client: Identity, gateway: Identity) {
    message5 = Self.offset(behind: client)
    message6 = Self.offset(behind: gateway)
  }

  private static func offset(behind identity: Identity) -> Int {
    let dataBytes =
      switch identity {
      case .address(let address): address.bytes.count
      case .fqdn(let name), .userFQDN(let name), .keyID(let name): name.count
      case .other(_, let data): data.count
      }
    // The fixed part of an Identification payload has four bytes (RFC 2407 §4.6.2).
    return Payload.headerBytes + 4 + dataBytes + Payload.headerBytes
  }
}
