import Control
import Cryptography
import Endpoint
import Foundation
import IKE
import Primitives

/// Writes the keys of ISAKMP and ESP in the form in which Wireshark reads them, because somebody
/// asked for it to read a capture: `ikev1_decryption_table` and `esp_sa` in one folder.
///
/// Whoever can read the files can read the traffic; they are made for their owner alone.
struct CaptureKeys {
  private let isakmp: FileHandle
  private let esp: FileHandle

  /// - Throws: `refused` when the folder cannot be written.
  init(folder: String) throws(ControlError) {
    isakmp = try Self.open("\(folder)/ikev1_decryption_table")
    esp = try Self.open("\(folder)/esp_sa")
  }

  /// Writes what an event tells of keys.
  func note(_ event: EndpointEvent) {
    switch event {
    case .isakmpKeys(let initiatorCookie, let key):
      let cookie = Self.hex(initiatorCookie)
      append("\(cookie),\(key.withBytes(Self.hex))", to: isakmp)
    case .childUp(_, let child): note(child)
    default: break
    }
  }

  private func note(_ child: ChildSA) {
    let local = child.selectors.local
    let remote = child.selectors.remote
    append(line(child, child.inbound, from: remote, to: local), to: esp)
    append(line(child, child.outbound, from: local, to: remote), to: esp)
  }

  private func line(
    _ child: ChildSA, _ direction: ChildSA.Direction, from source: IPAddress,
    to destination: IPAddress
  ) -> String {
    let fields = [
      source.isIPv4 ? "IPv4" : "IPv6", "*", "*", "0x\(String(direction.spi, radix: 16))",
      // GCM's salt stands behind its key; Wireshark takes both as one (RFC 4106 §8.1).
      child.transform.encryption.wiresharkName,
      "0x\(direction.keys.encryption.withBytes(Self.hex))",
      child.transform.integrity.wiresharkName,
      "0x\(direction.keys.integrity.withBytes(Self.hex))",
    ]
    return fields.map { "\"\($0)\"" }.joined(separator: ",")
  }

  private func append(_ line: String, to file: FileHandle) {
    try? file.write(contentsOf: Data((line + "\n").utf8))
  }

  private static func open(_ path: String) throws(ControlError) -> FileHandle {
    let manager = FileManager.default
    if !manager.fileExists(atPath: path) {
      _ = manager.createFile(atPath: path, contents: nil, attributes: [.posixPermissions: 0o600])
    }
    guard let file = FileHandle(forWritingAtPath: path) else {
      throw ControlError(
        .refused, "the keys cannot be written to \(path)",
        cause: "the folder does not exist or may not be written",
        nextStep: "make the folder, or leave captureKeys out")
    }
    _ = try? file.seekToEnd()
    return file
  }

  private static func hex(_ bytes: [UInt8]) -> String {
    bytes.map { String(UInt16($0) + 0x100, radix: 16).dropFirst() }.joined()
  }

  private static func hex(_ value: UInt64) -> String {
    String(repeating: "0", count: max(0, 16 - String(value, radix: 16).count))
      + String(value, radix: 16)
  }
}

extension ESPTransform.Encryption {
  fileprivate var wiresharkName: String {
    switch self {
    case .aesCBC128, .aesCBC192, .aesCBC256: "AES-CBC [RFC3602]"
    case .aesGCM128, .aesGCM256: "AES-GCM with 16 octet ICV [RFC4106]"
    case .tripleDESCBC: "TripleDES-CBC [RFC2451]"
    }
  }
}

extension ESPTransform.Integrity {
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
