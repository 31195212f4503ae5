/// A named set of algorithms; what each holds stands in `Docs/configuration.md`.
public enum AlgorithmProfile: String, CaseIterable, Sendable, Hashable {
  /// AES with SHA-2; MODP from 2048 bits, ECP 256 and 384, X25519.
  case standard = "default"
  /// The default's and SHA-1 with AES, for the built-in clients of Windows, macOS and iOS.
  case compatible
  /// The compatible one's and 3DES, MD5, MODP 1024 and 1536; never default, logged loudly.
  case legacy
}

/// A cipher of phase 1 or 2.
public enum EncryptionAlgorithm: String, CaseIterable, Sendable, Hashable {
  case aes128, aes192, aes256
  case tripleDES = "3des"
  /// AES-GCM with a 16-byte tag (RFC 4106): phase 2 only, and without an integrity algorithm.
  case aes128gcm16, aes256gcm16

  public var isAEAD: Bool { self == .aes128gcm16 || self == .aes256gcm16 }

  /// Whether only the legacy profile has it.
  public var isLegacy: Bool { self == .tripleDES }
}

/// A hash: in phase 1 for the HMAC PRF, in phase 2 for integrity.
public enum IntegrityAlgorithm: String, CaseIterable, Sendable, Hashable {
  case sha256, sha384, sha512, sha1, md5

  /// Whether only the legacy profile has it.
  public var isLegacy: Bool { self == .md5 }
}

/// A Diffie-Hellman group (RFC 2409 §6, RFC 3526, RFC 5903, RFC 8031).
public enum DHGroup: String, CaseIterable, Sendable, Hashable {
  case modp1024, modp1536, modp2048, modp3072, modp4096, ecp256, ecp384, x25519

  /// Whether only the legacy profile has it.
  public var isLegacy: Bool { self == .modp1024 || self == .modp1536 }
}

/// One phase 1 proposal, written `aes256-sha256-modp2048`.
public struct ISAKMPProposal: Hashable, Sendable, LosslessStringConvertible {
  public var encryption: EncryptionAlgorithm
  public var hash: IntegrityAlgorithm
  public var group: DHGroup

  public init?(_ description: String) {
    let words = description.split(separator: "-", omittingEmptySubsequences: false).map(String.init)
    guard words.count == 3, let encryption = EncryptionAlgorithm(rawValue: words[0]),
      !encryption.isAEAD, let hash = IntegrityAlgorithm(rawValue: words[1]),
      let group = DHGroup(rawValue: words[2])
    else { return nil }
    self.encryption = encryption
    self.hash = hash
    self.group = group
  }

  public var description: String { "\(encryption.rawValue)-\(hash.rawValue)-\(group.rawValue)" }

  public var isLegacy: Bool { encryption.isLegacy || hash.isLegacy || group.isLegacy }
}

/// One phase 2 transform, written `aes256-sha256` or `aes256gcm16`.
public struct ESPTransform: Hashable, Sendable, LosslessStringConvertible {
  public var encryption: EncryptionAlgorithm
  /// Absent exactly with AES-GCM.
  public var integrity: IntegrityAlgorithm?

  public init?(_ description: String) {
    let words = description.split(separator: "-", omittingEmptySubsequences: false).map(String.init)
    guard let first = words.first, let encryption = EncryptionAlgorithm(rawValue: first),
      words.count == (encryption.isAEAD ? 1 : 2)
    else { return nil }
    self.encryption = encryption
    if encryption.isAEAD { return }
    guard let integrity = IntegrityAlgorithm(rawValue: words[1]) else { return nil }
    self.integrity = integrity
  }

  public var description: String {
    encryption.rawValue + (integrity.map { "-\($0.rawValue)" } ?? "")
  }

  public var isLegacy: Bool { encryption.isLegacy || integrity?.isLegacy == true }
}

/// What is offered and accepted: a named profile, or a list in order of preference.
public enum AlgorithmChoice<Suite: Hashable & Sendable>: Hashable, Sendable {
  case profile(AlgorithmProfile)
  /// At least one suite, at most ``suitesMax``.
  case list([Suite])

  /// More transforms than this make a first message that no path carries unfragmented.
  public static var suitesMax: Int { 32 }
}
