import Cryptography
import Primitives

/// The keys of an ISAKMP SA and what is computed with them (RFC 2409 §5).
struct ISAKMPKeys: Sendable {
  let hash: HashAlgorithm
  let cipher: BlockCipher
  let skeyid: Secret
  let skeyidD: Secret
  let skeyidA: Secret
  let cipherKey: Secret

  /// What both ends contributed to an exchange of keys.
  struct Material: Sendable {
    var nonceInitiator: [UInt8]
    var nonceResponder: [UInt8]
    var publicInitiator: [UInt8]
    var publicResponder: [UInt8]
  }

  /// SKEYID and its descendants for a pre-shared key.
  init(
    transform: ISAKMPTransform, preSharedKey: Secret, shared: Secret, cookies: Cookies,
    material: Material
  ) {
    hash = transform.hash
    cipher = transform.cipher
    let hash = hash
    let skeyid = preSharedKey.withBytes {
      hash.hmac(key: $0, over: [material.nonceInitiator, material.nonceResponder])
    }
    let derive = { (previous: [UInt8], number: UInt8) in
      shared.withBytes { hash.hmac(key: skeyid, over: [previous, $0, cookies.bytes, [number]]) }
    }
    let keyD = derive([], 0)
    let keyA = derive(keyD, 1)
    var keyE = derive(keyA, 2)
    defer { wipe(&keyE) }
    self.skeyid = Secret(skeyid)
    skeyidD = Secret(keyD)
    skeyidA = Secret(keyA)
    cipherKey = Secret(Self.expand(keyE, to: cipher.keyLength, hash: hash))
  }

  /// The cipher key from SKEYID_e, lengthened when it is too short (RFC 2409 Appendix B).
  static func expand(_ keyE: [UInt8], to lengthBytes: Int, hash: HashAlgorithm) -> [UInt8] {
    guard keyE.count < lengthBytes else { return Array(keyE.prefix(lengthBytes)) }
    var block = hash.hmac(key: keyE, over: [[0]])
    var result = block
    defer {
      wipe(&block)
      wipe(&result)
    }
    while result.count < lengthBytes {
      block = hash.hmac(key: keyE, over: [block])
      result += block
    }
    return Array(result.prefix(lengthBytes))
  }

  /// HASH_I or HASH_R of main mode (RFC 2409 §5): `mine` and `theirs` are the public values as
  /// seen from the end that the hash speaks for.
  func identityHash(
    of role: Role, cookies: Cookies, material: Material, offeredSA: [UInt8],
    identification: [UInt8]
  ) -> [UInt8] {
    let writer = { (first: UInt64, second: UInt64) in
      Cookies(initiator: first, responder: second).bytes
    }
    let parts: [[UInt8]] =
      switch role {
      case .initiator:
        [
          material.publicInitiator, material.publicResponder,
          writer(cookies.initiator, cookies.responder), offeredSA, identification,
        ]
      case .responder:
        [
          material.publicResponder, material.publicInitiator,
          writer(cookies.responder, cookies.initiator), offeredSA, identification,
        ]
      }
    return skeyid.withBytes { hash.hmac(key: $0, over: parts) }
  }

  /// prf(SKEYID_a, parts): the HASH payloads of quick mode and informational exchanges.
  func authenticate(_ parts: [[UInt8]]) -> [UInt8] {
    skeyidA.withBytes { hash.hmac(key: $0, over: parts) }
  }

  /// KEYMAT for one ESP SA (RFC 2409 §5.5).
  func keyMaterial(
    spi: UInt32, shared: Secret?, nonceInitiator: [UInt8], nonceResponder: [UInt8],
    lengthBytes: Int
  ) -> [UInt8] {
    var writer = ByteWriter(capacityBytes: 5)
    writer.write(SecurityProtocol.esp.rawValue)
    writer.write(spi)
    let secret = shared?.withBytes { $0 } ?? []
    let seed = [secret, writer.bytes, nonceInitiator, nonceResponder]
    return skeyidD.withBytes { key in
      var block = hash.hmac(key: key, over: seed)
      var result = block
      defer {
        wipe(&block)
        wipe(&result)
      }
      while result.count < lengthBytes {
        block = hash.hmac(key: key, over: [block] + seed)
        result += block
      }
      return Array(result.prefix(lengthBytes))
    }
  }

  /// The initialisation vector of main mode message 5 (RFC 2409 Appendix B).
  func phase1IV(_ material: Material) -> [UInt8] {
    iv(from: [material.publicInitiator, material.publicResponder])
  }

  /// The first initialisation vector of a phase 2 exchange: from the last block of phase 1 and the
  /// message id (RFC 2409 Appendix B).
  func phase2IV(lastBlock: [UInt8], messageID: UInt32) -> [UInt8] {
    var writer = ByteWriter(capacityBytes: 4)
    writer.write(messageID)
    return iv(from: [lastBlock, writer.bytes])
  }

  private func iv(from parts: [[UInt8]]) -> [UInt8] {
    Array(hash.digest(of: parts).prefix(cipher.blockLength))
  }

  /// Pads with zeros to whole blocks and encrypts; the last block is the next vector.
  func encrypt(_ plaintext: [UInt8], iv: [UInt8]) -> (ciphertext: [UInt8], iv: [UInt8]) {
    var padded = plaintext
    let rest = plaintext.count % cipher.blockLength
    if rest != 0 { padded += Array(repeating: 0, count: cipher.blockLength - rest) }
    let ciphertext = cipherKey.withBytes { cipher.encrypt(padded, key: $0, iv: iv) }
    guard let ciphertext else {
      preconditionFailure("keys and vectors of an ISAKMP SA have their cipher's lengths")
    }
    return (ciphertext, Array(ciphertext.suffix(cipher.blockLength)))
  }

  /// The plaintext with its padding, and the next vector.
  func decrypt(
    _ ciphertext: [UInt8], iv: [UInt8]
  ) throws(Violation) -> (plaintext: [UInt8], iv: [UInt8]) {
    guard !ciphertext.isEmpty, ciphertext.count % cipher.blockLength == 0,
      let plaintext = cipherKey.withBytes({ cipher.decrypt(ciphertext, key: $0, iv: iv) })
    else { throw .ciphertext }
    return (plaintext, Array(ciphertext.suffix(cipher.blockLength)))
  }
}
