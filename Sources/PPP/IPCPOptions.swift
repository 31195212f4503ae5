import Primitives

/// The options of IPCP (RFC 1332 §3, RFC 1877 §1): addresses and name servers.
///
/// The authenticator assigns: whatever other address the peer asks for, its neighbour's or the
/// gateway's included, it is told its own. The peer asks for 0.0.0.0 and takes what it is given.
struct IPCPOptions: OptionNegotiation {
  /// RFC 1332 §3.3 and RFC 1877 §1.1 to §1.4. All others, the Van Jacobson compression of
  /// RFC 1332 §3.2 among them, are rejected.
  enum OptionType {
    static let ipAddress: UInt8 = 3
    static let primaryDNS: UInt8 = 129
    static let primaryNBNS: UInt8 = 130
    static let secondaryDNS: UInt8 = 131
    static let secondaryNBNS: UInt8 = 132
  }

  /// One server option of RFC 1877 that we ask for or hand out.
  private struct Server: Sendable {
    var type: UInt8
    var address = IPv4Address.any
  }

  private let role: PPPRole
  /// Our address; as peer the one assigned so far, 0.0.0.0 before.
  private(set) var local: IPv4Address
  /// The peer's address; as peer what the gateway calls itself, 0.0.0.0 while it did not say.
  private(set) var peer = IPv4Address.any
  /// As authenticator what may be handed out, as peer what is asked for, in the order sent.
  private var servers: [Server]
  private var asksAddress = true
  private var proposedPeer = IPv4Address.any

  /// The peer role; `requestedAddress` is 0.0.0.0 unless a certain address is wished for.
  init(requesting requestedAddress: IPv4Address, dns: Bool, nbns: Bool) {
    role = .peer
    local = requestedAddress
    servers =
      (dns ? [OptionType.primaryDNS, OptionType.secondaryDNS] : []).map { Server(type: $0) }
      + (nbns ? [OptionType.primaryNBNS, OptionType.secondaryNBNS] : []).map { Server(type: $0) }
  }

  /// The authenticator role.
  init(assigning offer: AddressOffer) {
    role = .authenticator
    local = offer.local
    peer = offer.peer
    servers =
      zip([OptionType.primaryDNS, OptionType.secondaryDNS], offer.dns).map {
        Server(type: $0, address: $1)
      }
      + zip([OptionType.primaryNBNS, OptionType.secondaryNBNS], offer.nbns).map {
        Server(type: $0, address: $1)
      }
  }

  /// Name servers that were assigned, the primary first.
  var dns: [IPv4Address] { assigned(OptionType.primaryDNS, OptionType.secondaryDNS) }
  /// NetBIOS name servers (WINS) that were assigned, the primary first.
  var nbns: [IPv4Address] { assigned(OptionType.primaryNBNS, OptionType.secondaryNBNS) }

  private func assigned(_ types: UInt8...) -> [IPv4Address] {
    servers.filter { types.contains($0.type) && $0.address != .any }.map(\.address)
  }

  mutating func makeRequest(using random: inout some RandomNumberGenerator) -> [ConfigureOption] {
    var options: [ConfigureOption] = []
    if asksAddress { options.append(ConfigureOption(OptionType.ipAddress, local.value)) }
    if role == .peer {
      options += servers.map { ConfigureOption($0.type, $0.address.value) }
    }
    return options
  }

  mutating func beginProposal() { proposedPeer = .any }

  mutating func adoptProposal() {
    if role == .peer { peer = proposedPeer }
  }

  func missingOptions() -> [ConfigureOption] {
    guard role == .authenticator, proposedPeer == .any else { return [] }
    return [ConfigureOption(OptionType.ipAddress, peer.value)]
  }

  mutating func judge(
    _ option: ConfigureOption, using random: inout some RandomNumberGenerator
  ) throws(Impasse) -> OptionVerdict {
    switch role {
    case .authenticator: return judgeAsAuthenticator(option)
    case .peer:
      guard option.type == OptionType.ipAddress, let value = option.uint32,
        IPv4Address(value).isAssignable
      else { return .reject }
      proposedPeer = IPv4Address(value)
      return .accept
    }
  }

  private mutating func judgeAsAuthenticator(_ option: ConfigureOption) -> OptionVerdict {
    if option.type == OptionType.ipAddress {
      // Named at all, even wrongly: the Nak is already under way and need not be appended again.
      proposedPeer = peer
      return option.uint32 == peer.value
        ? .accept : .nak(ConfigureOption(OptionType.ipAddress, peer.value))
    }
    guard let server = servers.first(where: { $0.type == option.type }) else { return .reject }
    return option.uint32 == server.address.value
      ? .accept : .nak(ConfigureOption(server.type, server.address.value))
  }

  mutating func receiveNak(
    _ options: [ConfigureOption], using random: inout some RandomNumberGenerator
  ) throws(Impasse) {
    // The authenticator's own address is not up for discussion; it just asks again.
    guard role == .peer else { return }
    for option in options {
      guard let value = option.uint32 else { continue }
      if option.type == OptionType.ipAddress {
        if IPv4Address(value).isAssignable { local = IPv4Address(value) }
      } else if let index = servers.firstIndex(where: { $0.type == option.type }) {
        servers[index].address = IPv4Address(value)
      }
    }
  }

  mutating func receiveReject(_ options: [ConfigureOption]) throws(Impasse) {
    for option in options {
      if option.type == OptionType.ipAddress {
        guard role == .authenticator else {
          throw Impasse(.negotiationFailed, "peer assigns no address")
        }
        asksAddress = false
      } else {
        servers.removeAll { $0.type == option.type && role == .peer }
      }
    }
  }
}

extension IPv4Address {
  /// Whether one host can have this address: not 0/8, loopback, multicast, class E or broadcast.
  var isAssignable: Bool {
    let first = value >> 24
    return first != 0 && first != 127 && first < 224
  }
}
