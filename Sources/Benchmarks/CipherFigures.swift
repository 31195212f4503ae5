import Cryptography
import IPPacket
import Primitives

/// Sealing and opening ESP packets, in batches of several sizes, beside the bare ciphers of
/// `openssl speed` over as many bytes.
struct CipherFigures {
  /// Payload of the packets; what a tunnel's full-size packets have.
  static let payloadBytes = 1_400
  static let batchSizes = [1, 8, 32]

  private struct Subject {
    var name: String
    var transform: ESPTransform?
    /// Runs of `openssl speed` whose times add up to the same work.
    var references: [[String]]
  }

  private static let subjects = [
    Subject(
      name: "AES-128-GCM", transform: ESPTransform(.aesGCM128),
      references: [["-evp", "aes-128-gcm"]]),
    Subject(
      name: "AES-256-GCM", transform: ESPTransform(.aesGCM256),
      references: [["-evp", "aes-256-gcm"]]),
    Subject(
      name: "AES-128-CBC+SHA1", transform: ESPTransform(.aesCBC128, .hmacSHA1),
      references: [["-evp", "aes-128-cbc"], ["-hmac", "sha1"]]),
    Subject(
      name: "AES-256-CBC+SHA256", transform: ESPTransform(.aesCBC256, .hmacSHA256),
      references: [["-evp", "aes-256-cbc"], ["-hmac", "sha256"]]),
  ]

  var effort: Effort

  func measure() -> [Figure] {
    var figures: [Figure] = []
    for subject in Self.subjects {
      for direction in [ESPCipher.Direction.seal, .open] {
        figures += measure(subject, direction)
      }
    }
    return figures
  }

  private func measure(_ subject: Subject, _ direction: ESPCipher.Direction) -> [Figure] {
    guard let transform = subject.transform else { return [] }
    var batches: [(size: Int, times: [Double])] = Self.batchSizes.map { ($0, []) }
    var references: [Double] = []
    for _ in 0..<effort.rounds {
      for index in batches.indices {
        guard var batch = CipherBatch(transform, direction, batchSize: batches[index].size) else {
          return []
        }
        batches[index].times.append(
          nanosecondsPerOperation(effort, operations: batch.packetsInRun) { batch.run() })
      }
      if let reference = reference(subject, direction) { references.append(reference) }
    }
    let name = "\(direction == .seal ? "seal" : "open") \(subject.name)"
    return batches.map { size, times in
      Figure(
        name: "\(name), batch \(size)", unit: .nanosecondsPerPacket, ours: median(times) ?? 0,
        referenceName: "openssl speed " + subject.references.map { $0[1] }.joined(separator: " + "),
        reference: median(references))
    }
  }

  private func reference(_ subject: Subject, _ direction: ESPCipher.Direction) -> Double? {
    var sum = 0.0
    for arguments in subject.references {
      let decrypts = direction == .open && arguments[0] == "-evp"
      guard
        let time = OpenSSLSpeed.nanosecondsPerMessage(
          (decrypts ? ["-decrypt"] : []) + arguments, bytes: Self.payloadBytes, effort)
      else { return nil }
      sum += time
    }
    return sum
  }
}

/// Packets of one length, sealed or opened over and over.
struct CipherBatch: ~Copyable {
  /// Packets between two looks at the clock.
  private static let packetCount = 128
  private static let strideBytes = 2_304

  private var engine: ESPCryptoEngine
  private let sealer: ESPCipher
  private let opener: ESPCipher
  private var arena = PacketArena(byteCount: packetCount * strideBytes)
  private let direction: ESPCipher.Direction
  private let batchSize: Int
  private let packetBytes: Int

  init?(_ transform: ESPTransform, _ direction: ESPCipher.Direction, batchSize: Int) {
    let keys = ESPKeys(
      encryption: Secret([UInt8](repeating: 1, count: transform.encryptionKeyBytes)),
      integrity: Secret([UInt8](repeating: 2, count: transform.integrityKeyBytes)))
    guard let engine = ESPCryptoEngine(countMax: batchSize),
      let sealer = try? engine.makeCipher(transform, .seal, keys: keys),
      let opener = try? engine.makeCipher(transform, .open, keys: keys)
    else { return nil }
    self.engine = engine
    self.sealer = sealer
    self.opener = opener
    self.direction = direction
    self.batchSize = batchSize
    let blocks = (CipherFigures.payloadBytes + 2 + transform.blockBytes - 1) / transform.blockBytes
    packetBytes = 8 + transform.ivBytes + blocks * transform.blockBytes + transform.icvBytes
  }

  /// Works on every packet once; the time that it took. Opening in place uses a packet up, so it
  /// begins with packets sealed anew, which does not count.
  mutating func run() -> Double {
    switch direction {
    case .seal: return nanoseconds { work(.seal) }
    case .open:
      work(.seal)
      return nanoseconds { work(.open) }
    }
  }

  var packetsInRun: Int { Self.packetCount }

  private mutating func work(_ direction: ESPCipher.Direction) {
    for first in stride(from: 0, to: Self.packetCount, by: batchSize) {
      engine.removeAll()
      for index in first..<min(first + batchSize, Self.packetCount) {
        let offset = index * Self.strideBytes
        switch direction {
        case .seal: engine.append(sealer, offset: offset, packetBytes: packetBytes)
        case .open: engine.append(opener, offset: offset, packetBytes: packetBytes)
        }
      }
      switch direction {
      case .seal: arena.withSpan { engine.seal(in: &$0) }
      case .open: arena.withSpan { engine.open(in: &$0) }
      }
      for position in 0..<engine.count {
        precondition(engine.succeeded(position), "the benchmark's own packet was refused")
      }
    }
  }
}
