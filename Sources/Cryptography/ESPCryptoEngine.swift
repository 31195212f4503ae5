import CCryptography
import Primitives

/// Seals and opens ESP packets in place, a batch per call, for one thread.
///
/// A batch is gathered with `append` and run once with `seal` or `open`; packets of different
/// security associations and transforms mix freely. Nothing is allocated after `init`.
@safe
public struct ESPCryptoEngine: ~Copyable, Sendable {
  /// The implementations; every one yields the same bytes.
  public enum Kind: Hashable, Sendable, CaseIterable {
    /// OpenSSL's libcrypto, one packet after the other; on every host.
    case openSSL
    /// Intel's multi-buffer library, several packets at once; where it is installed.
    case multiBuffer
  }

  public let kind: Kind
  private nonisolated(unsafe) let engine: OpaquePointer
  /// A job's cipher is alive from `append` to the run: its owner changes no table in between.
  private nonisolated(unsafe) let jobs: UnsafeMutablePointer<esp_job>
  /// Packets gathered since the last `removeAll`.
  public private(set) var count = 0

  /// The most packets of one batch.
  public let countMax: Int

  /// `nil` when the host lacks the implementation.
  /// - Precondition: `countMax` is positive.
  public init?(_ kind: Kind, countMax: Int) {
    guard let engine = unsafe Self.make(kind) else { return nil }
    unsafe self.init(kind, engine, countMax: countMax)
  }

  /// The fastest implementation of this host; `nil` only when memory is out.
  public init?(countMax: Int) {
    if let engine = unsafe Self.make(.multiBuffer) {
      unsafe self.init(.multiBuffer, engine, countMax: countMax)
    } else if let engine = unsafe Self.make(.openSSL) {
      unsafe self.init(.openSSL, engine, countMax: countMax)
    } else {
      return nil
    }
  }

  private static func make(_ kind: Kind) -> OpaquePointer? {
    unsafe esp_engine_new(kind == .openSSL ? ESP_ENGINE_OPENSSL : ESP_ENGINE_MULTI_BUFFER)
  }

  private init(_ kind: Kind, _ engine: OpaquePointer, countMax: Int) {
    precondition(countMax > 0, "a batch holds at least one packet")
    self.kind = kind
    unsafe self.engine = engine
    self.countMax = countMax
    unsafe jobs = .allocate(capacity: countMax)
    unsafe jobs.initialize(repeating: esp_job(), count: countMax)
  }

  deinit {
    unsafe esp_engine_free(engine)
    unsafe jobs.deallocate()
  }

  /// A cipher for this engine, or for another of the same kind.
  public func makeCipher(
    _ transform: ESPTransform, _ direction: ESPCipher.Direction, keys: ESPKeys
  ) throws(ESPCipherError) -> ESPCipher {
    unsafe try ESPCipher(transform, direction, keys: keys, engine: engine)
  }

  /// Empties the batch.
  public mutating func removeAll() { count = 0 }

  /// Adds the packet that begins `offset` bytes into the arena; its position in the batch is the
  /// `count` before. `packetBytes` counts from the SPI to the end of the ICV.
  ///
  /// The cipher must outlive the run that follows.
  /// - Precondition: the batch is not full.
  public mutating func append(_ cipher: borrowing ESPCipher, offset: Int, packetBytes: Int) {
    precondition(count < countMax, "more packets than the batch was made for")
    unsafe jobs[count] = esp_job(
      cipher: cipher.context, offset: UInt32(clamping: offset),
      length: UInt32(clamping: packetBytes), failed: 1)
    count += 1
  }

  /// Encrypts every packet of the batch and writes its ICV.
  ///
  /// Everything but the ICV has been written; the IV field holds a block that was never used under
  /// its key before and, with CBC, that nobody else can tell. It becomes the IV (CBC encrypts it).
  public mutating func seal(in arena: inout MutableRawSpan) {
    unsafe arena.withUnsafeMutableBytes { bytes in
      let base = unsafe bytes.assumingMemoryBound(to: UInt8.self).baseAddress
      unsafe esp_seal(engine, base, bytes.count, jobs, count)
    }
  }

  /// Verifies the ICV of every packet of the batch and decrypts it.
  public mutating func open(in arena: inout MutableRawSpan) {
    unsafe arena.withUnsafeMutableBytes { bytes in
      let base = unsafe bytes.assumingMemoryBound(to: UInt8.self).baseAddress
      unsafe esp_open(engine, base, bytes.count, jobs, count)
    }
  }

  /// Whether the last run sealed, or verified and opened, the packet at `position`. What failed
  /// holds garbage.
  /// - Precondition: the batch holds such a packet.
  public func succeeded(_ position: Int) -> Bool {
    precondition(position >= 0 && position < count, "a batch has no such packet")
    return unsafe jobs[position].failed == 0
  }
}
