import Control
import Cryptography
import Endpoint
import Glibc
import IKE
import LinuxIO
import Primitives

/// Writes the keys of ISAKMP and ESP in the form in which Wireshark reads them, because somebody
/// asked for it to read a capture: `ikev1_decryption_table` and `esp_sa` in one folder.
///
/// Whoever can read the files can read the traffic; they are made for their owner alone.
final class CaptureKeys: Sendable {
  private let isakmp: FileDescriptor
  private let esp: FileDescriptor

  /// Makes the folder and the files where they are missing; what is in them stays.
  ///
  /// - Throws: `refused` when the folder cannot be written.
  init(folder: String) throws(ControlError) {
    if unsafe mkdir(folder, 0o700) != 0, errno != EEXIST {
      throw .captureKeys(SystemError("make the folder \(folder)", errno: errno))
    }
    isakmp = try Self.open("\(folder)/ikev1_decryption_table")
    esp = try Self.open("\(folder)/esp_sa")
  }

  /// Writes what an event tells of keys.
  func note(_ event: EndpointEvent) {
    switch event {
    case .isakmpKeys(let initiatorCookie, let key):
      Self.append("\(initiatorCookie.sixteenHexDigits),\(key.hexadecimal)", to: isakmp)
    case .childUp(_, let child):
      Self.append(Self.line(child, child.inbound), to: esp)
      Self.append(Self.line(child, child.outbound), to: esp)
    case .connectionUp, .connectionDown, .attemptFailed, .childDown, .tunnelUp, .tunnelRefused,
      .tunnelClosed, .sessionUp, .sessionRefused, .sessionClosed, .peerFailed, .note,
      .dataplaneRefused:
      break
    }
  }

  /// One direction; the SPI alone tells it from others, for a NAT may change the addresses.
  private static func line(_ child: ChildSA, _ direction: ChildSA.Direction) -> String {
    let integrityKey = direction.keys.integrity
    let fields = [
      child.selectors.local.isIPv4 ? "IPv4" : "IPv6", "*", "*",
      "0x\(direction.spi.eightHexDigits)", child.transform.encryption.wiresharkName,
      // GCM's salt stands behind its key; Wireshark takes both as one (RFC 4106 §8.1).
      "0x\(direction.keys.encryption.hexadecimal)", child.transform.integrity.wiresharkName,
      integrityKey.isEmpty ? "" : "0x\(integrityKey.hexadecimal)",
    ]
    return fields.map { "\"\($0)\"" }.joined(separator: ",")
  }

  private static func open(_ path: String) throws(ControlError) -> FileDescriptor {
    let flags = O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW
    let number = unsafe Glibc.open(path, flags, 0o600)
    guard number >= 0 else { throw .captureKeys(SystemError("open \(path)", errno: errno)) }
    return FileDescriptor(owning: number)
  }

  /// A full disk costs a line of a diagnostic file and nothing else.
  private static func append(_ line: String, to file: borrowing FileDescriptor) {
    let bytes = Array("\(line)\n".utf8)
    _ = unsafe write(file.number, bytes, bytes.count)
  }
}

extension Cryptography.ESPTransform.Encryption {
  fileprivate var wiresharkName: String {
    switch self {
    case .aesCBC128, .aesCBC192, .aesCBC256: "AES-CBC [RFC3602]"
    case .aesGCM128, .aesGCM256: "AES-GCM with 16 octet ICV [RFC4106]"
    case .tripleDESCBC: "TripleDES-CBC [RFC2451]"
    }
  }
}

extension Cryptography.ESPTransform.Integrity {
  fileprivate var wiresharkName: String {
    switch self {
    case .none: "NULL"
    case .hmacMD5: "HMAC-MD5-96 [RFC2403]"
    case .hmacSHA1: "HMAC-SHA-1-96 [RFC2404]"
    case .hmacSHA256: "HMAC-SHA-256-128 [RFC4868]"
    case .hmacSHA384: "HMAC-SHA-384-192 [RFC4868]"
    case .hmacSHA512: "HMAC-SHA-512-256 [RFC4868]"
    }
  }
}

extension Secret {
  /// For the one place that is asked to write keys down.
  fileprivate var hexadecimal: String {
    withBytes { bytes in
      bytes.reduce(into: "") { $0 += ($1 < 16 ? "0" : "") + String($1, radix: 16) }
    }
  }
}

extension ControlError {
  fileprivate static func captureKeys(_ error: SystemError) -> ControlError {
    ControlError(
      .refused, "the keys for captures cannot be written: \(error)",
      cause: "the path is wrong, or this user may not write there",
      nextStep: "choose another folder, or leave captureKeys out")
  }
}
