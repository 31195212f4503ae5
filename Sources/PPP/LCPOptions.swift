import Primitives

/// The options of LCP (RFC 1661 §6): what we ask for, and what the peer was granted.
struct LCPOptions: OptionNegotiation {
  /// RFC 1661 §6, RFC 1662 §7.1 for the ACCM.
  enum OptionType {
    static let mru: UInt8 = 1
    static let accm: UInt8 = 2
    static let authenticationProtocol: UInt8 = 3
    static let magicNumber: UInt8 = 5
    static let protocolFieldCompression: UInt8 = 7
    static let addressControlFieldCompression: UInt8 = 8
  }

  /// Options of one direction, with the defaults of RFC 1661 §6.
  struct Values: Equatable, Sendable {
    var mruBytes = 1500
    var magic: UInt32 = 0
    var authentication: AuthenticationProtocol?
    var compressesProtocolField = false
    var compressesAddressControlField = false
  }

  /// The smallest MRU that a peer may ask for: below it IPv4 is of no use (RFC 791 §3.1).
  static let mruMinBytes = 576
  /// Times that our own magic number may come back before the link counts as looped.
  static let loopsMax = 5

  /// What we ask for; what the peer rejected has its default.
  private(set) var ours = Values()
  /// What the peer asked for and we acknowledged.
  private(set) var peers = Values()
  private var proposal = Values()

  private let role: PPPRole
  /// Protocols that we may still offer (authenticator) or accept (peer), best first.
  private var authentications: [AuthenticationProtocol]
  private var asksMRU = true
  private var asksMagic = true
  private var loops = 0

  init(_ configuration: PPPConfiguration) {
    role = configuration.role
    authentications = configuration.authentication
    ours.mruBytes = configuration.mruBytes
    ours.compressesProtocolField = configuration.requestsProtocolFieldCompression
    ours.compressesAddressControlField = configuration.requestsAddressControlFieldCompression
    if role == .authenticator { ours.authentication = authentications.first }
  }

  mutating func makeRequest(using random: inout some RandomNumberGenerator) -> [ConfigureOption] {
    var options: [ConfigureOption] = []
    if asksMRU {
      options.append(ConfigureOption(OptionType.mru, UInt16(clamping: ours.mruBytes)))
    }
    if let authentication = ours.authentication {
      options.append(
        ConfigureOption(OptionType.authenticationProtocol, authentication.optionValue))
    }
    if asksMagic {
      if ours.magic == 0 { ours.magic = random.nonZero() }
      options.append(ConfigureOption(OptionType.magicNumber, ours.magic))
    }
    if ours.compressesProtocolField {
      options.append(ConfigureOption(OptionType.protocolFieldCompression))
    }
    if ours.compressesAddressControlField {
      options.append(ConfigureOption(OptionType.addressControlFieldCompression))
    }
    return options
  }

  mutating func beginProposal() { proposal = Values() }

  mutating func adoptProposal() { peers = proposal }

  func missingOptions() -> [ConfigureOption] { [] }

  mutating func judge(
    _ option: ConfigureOption, using random: inout some RandomNumberGenerator
  ) throws(Impasse) -> OptionVerdict {
    switch option.type {
    case OptionType.mru:
      guard let mru = option.uint16 else {
        return .nak(ConfigureOption(OptionType.mru, UInt16(clamping: Values().mruBytes)))
      }
      guard Int(mru) >= Self.mruMinBytes else {
        return .nak(ConfigureOption(OptionType.mru, UInt16(Self.mruMinBytes)))
      }
      proposal.mruBytes = Int(mru)
      return .accept
    case OptionType.accm:
      // Nothing is escaped on this link, so any map is as good as none (RFC 2661 §1 frames
      // are not asynchronous HDLC); pppd always sends one.
      return option.uint32 != nil ? .accept : .nak(ConfigureOption(OptionType.accm, UInt32(0)))
    case OptionType.authenticationProtocol: return judgeAuthentication(option)
    case OptionType.magicNumber: return try judgeMagic(option, using: &random)
    case OptionType.protocolFieldCompression:
      proposal.compressesProtocolField = option.value.isEmpty
      return option.value.isEmpty ? .accept : .reject
    case OptionType.addressControlFieldCompression:
      proposal.compressesAddressControlField = option.value.isEmpty
      return option.value.isEmpty ? .accept : .reject
    default: return .reject
    }
  }

  /// Only the peer role proves itself; it never goes below its own list, however often it is asked.
  private mutating func judgeAuthentication(_ option: ConfigureOption) -> OptionVerdict {
    guard role == .peer, let preferred = authentications.first else { return .reject }
    guard let asked = AuthenticationProtocol(optionValue: option.value),
      authentications.contains(asked)
    else {
      return .nak(ConfigureOption(OptionType.authenticationProtocol, preferred.optionValue))
    }
    proposal.authentication = asked
    return .accept
  }

  /// Our own number in the peer's request is our own request that came back (RFC 1661 §6.4).
  private mutating func judgeMagic(
    _ option: ConfigureOption, using random: inout some RandomNumberGenerator
  ) throws(Impasse) -> OptionVerdict {
    guard let magic = option.uint32, magic != 0 else {
      return .nak(ConfigureOption(OptionType.magicNumber, random.nonZero(UInt32.self)))
    }
    guard !(asksMagic && magic == ours.magic) else {
      try noteLoop()
      return .nakAlone(ConfigureOption(OptionType.magicNumber, random.nonZero(UInt32.self)))
    }
    proposal.magic = magic
    return .accept
  }

  /// Our own magic number came back, in a request or an echo.
  mutating func noteLoop() throws(Impasse) {
    loops += 1
    guard loops <= Self.loopsMax else {
      throw Impasse(.negotiationFailed, "the link is looped back")
    }
  }

  mutating func receiveNak(
    _ options: [ConfigureOption], using random: inout some RandomNumberGenerator
  ) throws(Impasse) {
    for option in options {
      switch option.type {
      case OptionType.mru:
        // Receiving less than we offered is always possible, more is not.
        if let mru = option.uint16, (Self.mruMinBytes...ours.mruBytes).contains(Int(mru)) {
          ours.mruBytes = Int(mru)
        }
      case OptionType.authenticationProtocol: try stepDown(to: option)
      case OptionType.magicNumber: ours.magic = random.nonZero()
      case OptionType.protocolFieldCompression: ours.compressesProtocolField = false
      case OptionType.addressControlFieldCompression: ours.compressesAddressControlField = false
      default: break  // The peer asks us to ask for something that we do not want.
      }
    }
  }

  /// Goes to the protocol that the peer suggests, if policy allows it, else down our own list; a
  /// protocol that was refused is not offered again, so the list bounds the bargaining.
  private mutating func stepDown(to suggestion: ConfigureOption) throws(Impasse) {
    guard let refused = ours.authentication else { return }
    authentications.removeAll { $0 == refused }
    let suggested = AuthenticationProtocol(optionValue: suggestion.value)
    guard let next = authentications.first(where: { $0 == suggested }) ?? authentications.first
    else {
      throw Impasse(.negotiationFailed, "peer refuses every allowed authentication protocol")
    }
    ours.authentication = next
  }

  mutating func receiveReject(_ options: [ConfigureOption]) throws(Impasse) {
    for option in options {
      switch option.type {
      case OptionType.mru:
        asksMRU = false
        ours.mruBytes = Values().mruBytes
      case OptionType.authenticationProtocol:
        throw Impasse(.negotiationFailed, "peer refuses to authenticate")
      case OptionType.magicNumber:
        asksMagic = false
        ours.magic = 0
      case OptionType.protocolFieldCompression: ours.compressesProtocolField = false
      case OptionType.addressControlFieldCompression: ours.compressesAddressControlField = false
      default: break
      }
    }
  }
}
