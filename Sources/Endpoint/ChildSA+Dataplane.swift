import Cryptography
import Dataplane
import ESP
import IKE
import Primitives

// A negotiated SA pair as the packet path wants it.
extension ChildSA {
  var dataplaneEncapsulation: Encapsulation {
    switch encapsulation {
    case .plain: .plainESP
    case .udp: .udpESP
    }
  }

  /// `nil` for algorithms that the packet path does not have; the negotiation offers none such.
  func configuration(of direction: IKE.ESPKeys) -> SAConfiguration? {
    guard let transform = transform.packetPath else { return nil }
    // The salt of GCM stands behind the key (RFC 4106 §8.1).
    let encryption = direction.encryption.withBytes { key in
      direction.salt.withBytes { salt in Secret(key + salt) }
    }
    return SAConfiguration(
      spi: direction.spi, transform: transform,
      keys: Cryptography.ESPKeys(encryption: encryption, integrity: direction.authentication),
      lifetime: byteLifetime, replayWindow: Int(replayWindow))
  }

  /// Nine tenths of the bytes ask for a successor, all of them end the SA.
  private var byteLifetime: ESPLifetime {
    guard let kilobytes = lifetime.kilobytes else { return .unlimited }
    let (bytes, overflow) = kilobytes.multipliedReportingOverflow(by: 1024)
    guard !overflow else { return .unlimited }
    return ESPLifetime(softBytes: bytes / 10 * 9, hardBytes: bytes)
  }
}

extension IKE.ESPTransform {
  fileprivate var packetPath: Cryptography.ESPTransform? {
    let encryption: Cryptography.ESPTransform.Encryption =
      switch self.encryption {
      case .aesCBC128: .aesCBC128
      case .aesCBC192: .aesCBC192
      case .aesCBC256: .aesCBC256
      case .aesGCM128: .aesGCM128
      case .aesGCM256: .aesGCM256
      case .tripleDESCBC: .tripleDESCBC
      }
    let integrity: Cryptography.ESPTransform.Integrity =
      switch authentication {
      case nil: .none
      case .hmacMD5_96: .hmacMD5
      case .hmacSHA1_96: .hmacSHA1
      case .hmacSHA256_128: .hmacSHA256
      case .hmacSHA384_192: .hmacSHA384
      case .hmacSHA512_256: .hmacSHA512
      }
    return Cryptography.ESPTransform(encryption, integrity)
  }
}
