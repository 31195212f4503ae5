import CCryptography

/// The hash functions of IKE, ESP, L2TP, PPP and RADIUS, alone and keyed (HMAC, RFC 2104).
///
/// Thread-safe and without state. The process ends with a sentence when the host's cryptographic
/// library refuses an algorithm: there is no weaker answer to give.
public enum HashAlgorithm: Sendable, Hashable, CaseIterable {
  case md5, sha1, sha256, sha384, sha512

  /// Length of a digest in bytes.
  public var digestLength: Int {
    switch self {
    case .md5: 16
    case .sha1: 20
    case .sha256: 32
    case .sha384: 48
    case .sha512: 64
    }
  }

  /// Length in bytes of the block that HMAC pads its key to (RFC 2104 §2).
  public var blockLength: Int {
    switch self {
    case .md5, .sha1, .sha256: 64
    case .sha384, .sha512: 128
    }
  }

  /// The digest of the concatenation of `parts`; `digestLength` bytes.
  public func digest(_ parts: [UInt8]...) -> [UInt8] { digest(of: parts) }

  /// The digest of the concatenation of `parts`; `digestLength` bytes.
  public func digest(of parts: [[UInt8]]) -> [UInt8] {
    withConcatenation(of: parts) { message in
      var digest = [UInt8](repeating: 0, count: digestLength)
      guard unsafe cc_digest(code, message, message.count, &digest) == 0 else {
        unsafe cc_end_process("The cryptographic library of this host refuses \(self).")
      }
      return digest
    }
  }

  /// HMAC under `key` (any length) of the concatenation of `parts`; `digestLength` bytes.
  public func hmac(key: [UInt8], _ parts: [UInt8]...) -> [UInt8] { hmac(key: key, over: parts) }

  /// HMAC under `key` (any length) of the concatenation of `parts`; `digestLength` bytes.
  public func hmac(key: [UInt8], over parts: [[UInt8]]) -> [UInt8] {
    withConcatenation(of: parts) { message in
      var tag = [UInt8](repeating: 0, count: digestLength)
      guard unsafe cc_hmac(code, key, key.count, message, message.count, &tag) == 0 else {
        unsafe cc_end_process("The cryptographic library of this host refuses \(self).")
      }
      return tag
    }
  }

  private var code: cc_hash {
    switch self {
    case .md5: CC_HASH_MD5
    case .sha1: CC_HASH_SHA1
    case .sha256: CC_HASH_SHA256
    case .sha384: CC_HASH_SHA384
    case .sha512: CC_HASH_SHA512
    }
  }
}

/// Lends `parts` as one array; a copy made for that is wiped, since parts may be key material.
private func withConcatenation(of parts: [[UInt8]], _ body: ([UInt8]) -> [UInt8]) -> [UInt8] {
  if parts.count == 1, let only = parts.first { return body(only) }
  var whole: [UInt8] = []
  whole.reserveCapacity(parts.reduce(0) { $0 + $1.count })
  for part in parts { whole += part }
  let result = body(whole)
  unsafe cc_wipe(&whole, whole.count)
  return result
}
