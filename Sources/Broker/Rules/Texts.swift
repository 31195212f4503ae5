import ConnectionService
import Primitives

extension String {
  /// Whether a log, a terminal or a database could take a character of it for a command.
  var hasControlCharacters: Bool { unicodeScalars.contains(where: \.isControl) }

  /// Without control characters, and cut to so many bytes at a character's end.
  func sanitised(bytesMax: Int) -> String {
    var result = String.UnicodeScalarView()
    var bytes = 0
    for scalar in unicodeScalars {
      let kept: Unicode.Scalar = scalar.isControl ? " " : scalar
      bytes += UTF8.width(kept)
      guard bytes <= bytesMax else { break }
      result.append(kept)
    }
    return String(result)
  }

  /// - Throws: `badRequest` when it is empty, too long, or has control characters.
  func requireText(_ what: String, bytesMax: Int) throws(Refusal) {
    guard !isEmpty, utf8.count <= bytesMax else {
      throw .badRequest(
        "The \(what) has \(utf8.count) bytes.", nextStep: "Give it 1 to \(bytesMax) bytes.")
    }
    guard !hasControlCharacters else {
      throw .badRequest(
        "The \(what) has control characters.", nextStep: "Leave them out; line breaks, too.")
    }
  }
}

extension Unicode.Scalar {
  /// C0, DEL and C1.
  fileprivate var isControl: Bool { value < 0x20 || (0x7f...0x9f).contains(value) }
}

extension VPNParameters {
  /// Checks nothing but sizes and characters: what they mean is the device's to say (CS-1).
  func requireSound() throws(Refusal) {
    try gateway?.requireText("gateway", bytesMax: 255)
    guard case .given(let given) = credentials else { return }
    try given.preSharedKey.requireText("pre-shared key", bytesMax: Limits.credentialBytesMax)
    try given.user.requireText("PPP user name", bytesMax: Limits.credentialBytesMax)
    try given.password.requireText("PPP password", bytesMax: Limits.credentialBytesMax)
  }
}

extension Refusal {
  /// What a device said, as it may be shown: no secret of the order, bounded, and of a code that a
  /// device may give.
  func sanitised(secrets credentials: VPNParameters.Credentials?) -> Refusal {
    let texts = [detail, cause, nextStep]
    if case .given(let given) = credentials,
      texts.contains(where: { $0.contains(given.preSharedKey) || $0.contains(given.password) })
    {
      return Refusal(
        code.isForDevices ? code : .internalError, "The device refused.",
        cause: "Its own words held a secret and are left out.",
        nextStep: "Look at the agent's log on the device.", reason: reason)
    }
    let bounded = texts.map { $0.sanitised(bytesMax: Limits.refusalBytesMax) }
    return Refusal(
      code.isForDevices ? code : .internalError, bounded[0], cause: bounded[1],
      nextStep: bounded[2], reason: reason)
  }
}

extension Refusal.Code {
  /// The others speak of the asker's credential, request or broker, which a device knows nothing of.
  fileprivate var isForDevices: Bool {
    switch self {
    case .badRequest, .connectionLimit, .connectionClosed, .establishmentFailed, .tunnelClosing,
      .policyRefused, .overloaded, .deviceTimeout, .deviceOffline, .internalError:
      // A device behind a carrier's broker may be offline there (CS-23).
      true
    case .unauthenticated, .forbidden, .deviceUnknown, .connectionUnknown, .epochOutdated,
      .enrolmentCodeInvalid, .productIDTaken, .notFound, .idempotencyConflict,
      .tooLarge, .storeUnavailable, .brokerUnreachable:
      false
    }
  }
}
