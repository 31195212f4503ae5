import IKE
import Primitives

/// What the intruder makes up, with the right cookies and without any key.
enum Forgery: CaseIterable, Sendable {
  case deletesISAKMPSA
  case deletesESPSA
  case initialContact
  case errorReport
  case garbageInformational
  case garbageQuickMode
  case garbageMainMode

  /// The message, for a conversation that somebody else has.
  func message(
    in conversation: Intruder.Conversation, spi: [UInt8]?,
    using random: inout some RandomNumberGenerator
  ) -> [UInt8] {
    let cookies = conversation.cookies
    switch self {
    case .deletesISAKMPSA:
      let delete = Delete(protocolID: .isakmp, spis: [cookies.bytes])
      return Self.clear(Payload(.delete, delete.bytes), cookies, using: &random)
    case .deletesESPSA:
      let delete = Delete(protocolID: .esp, spis: [spi ?? [1, 2, 3, 4]])
      return Self.clear(Payload(.delete, delete.bytes), cookies, using: &random)
    case .initialContact:
      let contact = Notification(.initialContact, protocolID: .isakmp, spi: cookies.bytes)
      return Self.clear(Payload(.notification, contact.bytes), cookies, using: &random)
    case .errorReport:
      let type =
        [NotifyType.noProposalChosen, .payloadMalformed, .authenticationFailed]
        .randomElement(using: &random) ?? .noProposalChosen
      let report = Notification(type, protocolID: .isakmp, spi: cookies.bytes)
      return Self.clear(Payload(.notification, report.bytes), cookies, using: &random)
    case .garbageInformational: return Self.garbage(.informational, cookies, using: &random)
    case .garbageQuickMode: return Self.garbage(.quickMode, cookies, using: &random)
    case .garbageMainMode: return Self.garbage(.identityProtection, cookies, using: &random)
    }
  }

  /// An informational exchange without protection (RFC 2408 §4.8 knows it; RFC 2409 §5.7 does not
  /// once there are keys).
  private static func clear(
    _ payload: Payload, _ cookies: Cookies, using random: inout some RandomNumberGenerator
  ) -> [UInt8] {
    ISAKMPHeader(
      cookies: cookies, firstPayload: payload.type, exchangeType: .informational,
      messageID: random.nonZero()
    ).message(with: PayloadChain([payload]).bytes)
  }

  private static func garbage(
    _ exchange: ExchangeType, _ cookies: Cookies, using random: inout some RandomNumberGenerator
  ) -> [UInt8] {
    let isMainMode = exchange == .identityProtection
    return ISAKMPHeader(
      cookies: cookies, firstPayload: isMainMode ? .identification : .hash, exchangeType: exchange,
      isEncrypted: true, messageID: isMainMode ? 0 : random.nonZero()
    ).message(with: random.bytes(16 * Int.random(in: 1...6, using: &random)))
  }
}

extension ISAKMPHeader {
  /// A message with other cookies, to begin a main mode of one's own with somebody else's words.
  static func readdressed(_ message: [UInt8], to cookies: Cookies) -> [UInt8]? {
    guard var header = try? ISAKMPHeader(parsing: message) else { return nil }
    header.cookies = cookies
    return header.message(with: Array(message.dropFirst(ISAKMPHeader.lengthBytes)))
  }
}
