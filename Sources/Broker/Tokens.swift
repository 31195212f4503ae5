import ConnectionService
import Cryptography
import Primitives

/// The secrets that the broker hands out, and what it keeps of them.
public enum Tokens {
  private static let prefix = "dbt_"
  private static let webhookPrefix = "dbw_"
  private static let secretBytes = 32
  /// Longer texts are no token of ours and are not looked at.
  private static let charactersMax = 64

  /// A new token: `dbt_` and 43 characters of base64url, 256 random bits.
  public static func make(using random: inout some RandomNumberGenerator) -> String {
    prefix + base64URL(random.bytes(secretBytes))
  }

  /// What is stored of a token or of an enrolment code: enough, since nobody guesses 80 bits.
  public static func hash(_ secret: String) -> Digest {
    Digest(bytes: HashAlgorithm.sha256.digest(Array(secret.utf8)))
  }

  /// A new enrolment code, e.g. `k3f9-0a7m-zz2x-q8vd`: easy to read aloud and to type.
  public static func makeEnrolmentCode(using random: inout some RandomNumberGenerator) -> String {
    (0..<4).map { _ in RandomID.make(characters: 4, using: &random) }.joined(separator: "-")
  }

  /// An enrolment code as it was made, whatever case and grouping it was typed in.
  static func normalisedEnrolmentCode(_ typed: String) -> String {
    var digits: [UInt8] = []
    for byte in typed.utf8.prefix(charactersMax) {
      switch byte | 0x20 {
      case UInt8(ascii: "o"): digits.append(UInt8(ascii: "0"))
      case UInt8(ascii: "i"), UInt8(ascii: "l"): digits.append(UInt8(ascii: "1"))
      case UInt8(ascii: "a")...UInt8(ascii: "z"): digits.append(byte | 0x20)
      case UInt8(ascii: "0")...UInt8(ascii: "9"): digits.append(byte)
      default: continue
      }
    }
    let groups = stride(from: 0, to: digits.count, by: 4).map { start in
      String(decoding: digits[start..<min(start + 4, digits.count)], as: UTF8.self)
    }
    return groups.joined(separator: "-")
  }

  /// The key that a webhook's deliveries are signed with.
  static func makeWebhookSecret(using random: inout some RandomNumberGenerator) -> String {
    webhookPrefix + base64URL(random.bytes(secretBytes))
  }

  /// The name of a token or a webhook, which is no secret.
  static func makeID(_ prefix: String, using random: inout some RandomNumberGenerator) -> String {
    prefix + RandomID.make(characters: 16, using: &random)
  }

  /// Whether this could be a token at all.
  static func isPlausible(_ text: String) -> Bool {
    text.utf8.count <= charactersMax && text.hasPrefix(prefix)
  }

  /// RFC 4648 §5, without padding.
  private static func base64URL(_ bytes: [UInt8]) -> String {
    let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_".utf8)
    var text: [UInt8] = []
    var pending: UInt32 = 0
    var pendingBits = 0
    for byte in bytes {
      pending = pending << 8 | UInt32(byte)
      pendingBits += 8
      while pendingBits >= 6 {
        pendingBits -= 6
        text.append(alphabet[Int(pending >> UInt32(pendingBits) & 63)])
      }
    }
    if pendingBits > 0 { text.append(alphabet[Int(pending << UInt32(6 - pendingBits) & 63)]) }
    return String(decoding: text, as: UTF8.self)
  }
}
