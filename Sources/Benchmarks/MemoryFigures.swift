import CBenchmarks
import Cryptography
import Primitives

/// What an idle session costs a gateway in memory, as a whole and by its parts.
struct MemoryFigures {
  private static let sessions = 10_000
  private static let sessionsOfPart = 2_000
  /// The promise for one idle session: ISAKMP SA, ESP SA pair, L2TP tunnel, PPP link, tables.
  private static let promisedBytes = 16_384.0

  /// Bytes for each of a population.
  private struct Cost {
    var heap: Double
    var resident: Double
  }

  var effort: Effort

  func measure() -> [Figure] {
    let count = effort.isQuick ? Self.sessionsOfPart : Self.sessions
    let few = cost(of: .session, count: count / 10)
    let whole = cost(of: .session, count: count)
    let connection = cost(of: .connection, count: Self.sessionsOfPart)
    let tunnel = cost(of: .tunnel, count: Self.sessionsOfPart)
    let session = cost(of: .session, count: Self.sessionsOfPart)
    let name = "idle session, \(count) of them"
    let part = "of the whole session"
    return [
      Figure(
        name: "\(name), allocated", unit: .bytesPerSession, ours: whole.heap,
        referenceName: "the promise", reference: Self.promisedBytes, target: 1),
      Figure(
        name: "\(name), resident", unit: .bytesPerSession, ours: whole.resident,
        referenceName: "the promise", reference: Self.promisedBytes, target: 1),
      Figure(
        name: "\(name), allocated", unit: .bytesPerSession, ours: whole.heap,
        referenceName: "with \(count / 10)", reference: few.heap, target: 0.9),
      Figure(
        name: "  ISAKMP SA and ESP SA pair", unit: .bytesPerSession, ours: connection.heap,
        referenceName: part, reference: session.heap),
      Figure(
        name: "    keys of the ESP ciphers", unit: .bytesPerSession, ours: cipherBytes(),
        referenceName: part, reference: session.heap),
      Figure(
        name: "  L2TP tunnel", unit: .bytesPerSession, ours: tunnel.heap - connection.heap,
        referenceName: part, reference: session.heap),
      Figure(
        name: "  L2TP session and PPP link", unit: .bytesPerSession,
        ours: session.heap - tunnel.heap, referenceName: part, reference: session.heap),
    ]
  }

  private func cost(of stage: Population.Stage, count: Int) -> Cost {
    let heap = bench_heap_bytes()
    let resident = bench_resident_bytes()
    guard let population = Population(count: count, stage: stage) else {
      return Cost(heap: .nan, resident: .nan)
    }
    return withExtendedLifetime(population) {
      population.fill()
      return Cost(
        heap: (Double(bench_heap_bytes()) - Double(heap)) / Double(count),
        resident: (Double(bench_resident_bytes()) - Double(resident)) / Double(count))
    }
  }

  /// Both directions' expanded keys.
  private func cipherBytes() -> Double {
    let transform = ESPTransform.aesGCM256
    let keys = ESPKeys(
      encryption: Secret([UInt8](repeating: 1, count: transform.encryptionKeyBytes)),
      integrity: Secret([UInt8](repeating: 2, count: transform.integrityKeyBytes)))
    guard let engine = ESPCryptoEngine(countMax: 1) else { return .nan }
    var ciphers = Slab<ESPCipher>(countMax: 2 * Self.sessionsOfPart)
    let before = bench_heap_bytes()
    while !ciphers.isFull {
      guard let sealer = try? engine.makeCipher(transform, .seal, keys: keys),
        let opener = try? engine.makeCipher(transform, .open, keys: keys)
      else { return .nan }
      _ = ciphers.insert(sealer)
      _ = ciphers.insert(opener)
    }
    return (Double(bench_heap_bytes()) - Double(before)) / Double(Self.sessionsOfPart)
  }
}
