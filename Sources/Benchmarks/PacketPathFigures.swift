import CBenchmarks
import Cryptography
import Dataplane
import ESP
import IPPacket
import Primitives

/// The whole packet path, IP packet to ESP packet and back, beside the cipher alone; and what it
/// must not do on its way: allocate, and count references.
struct PacketPathFigures {
  var effort: Effort

  func measure() -> [Figure] {
    guard let gcm = ESPTransform(.aesGCM128), let cbc = ESPTransform(.aesCBC128, .hmacSHA1) else {
      return []
    }
    return [("AES-128-GCM", gcm), ("AES-128-CBC+SHA1", cbc)].flatMap { name, transform in
      CipherFigures.batchSizes.flatMap { size in
        [PacketPath.Direction.outwards, .inwards].map { direction in
          measure(name, transform, direction, batchSize: size)
        }
      }
    }
  }

  private func measure(
    _ name: String, _ transform: ESPTransform, _ direction: PacketPath.Direction, batchSize: Int
  ) -> Figure {
    let medians = interleaved(rounds: effort.rounds) {
      guard var path = PacketPath(transform, batchSize: batchSize) else { return 0 }
      return nanosecondsPerOperation(effort, operations: path.packetsInRun) {
        path.run(direction).nanoseconds
      }
    } _: {
      let use: ESPCipher.Direction = direction == .outwards ? .seal : .open
      guard var cipher = CipherBatch(transform, use, batchSize: batchSize) else { return nil }
      return nanosecondsPerOperation(effort, operations: cipher.packetsInRun) { cipher.run() }
    }
    return Figure(
      name: "\(direction.rawValue) \(name), batch \(batchSize)", unit: .nanosecondsPerPacket,
      ours: medians.ours, referenceName: "the cipher alone", reference: medians.reference)
  }

  /// Allocations and references in steady state.
  func count() -> [Figure] {
    guard countersWork(), let transform = ESPTransform(.aesGCM128) else { return [] }
    return [PacketPath.Direction.outwards, .inwards].flatMap { direction -> [Figure] in
      guard var path = PacketPath(transform, batchSize: 32) else { return [] }
      // Tables and lazily made things are made in the first rounds.
      for _ in 0..<4 { _ = path.run(direction) }
      var allocations = 0.0
      var references = 0.0
      var packets = 0.0
      for _ in 0..<16 {
        let run = path.run(direction, countsReferences: true)
        allocations += Double(run.allocations)
        references += Double(run.references)
        packets += Double(path.packetsInRun)
      }
      return [("allocations", allocations), ("retains and releases", references)].map {
        Figure(
          name: "\($0), \(direction.rawValue)", unit: .perPacket, ours: $1 / packets,
          referenceName: "none wanted", reference: 0)
      }
    }
  }

  /// Whether the counters see an allocation and a reference at all; without that, zero means
  /// nothing.
  private func countersWork() -> Bool {
    let allocations = bench_allocations()
    let references = bench_references()
    bench_count_references(1)
    let canaries = (0..<64).map { Canary(number: $0) }
    let sum = canaries.reversed().reduce(0) { $0 + $1.number }
    bench_count_references(0)
    return sum == 2_016 && bench_allocations() - allocations >= 64
      && bench_references() - references >= 64
  }

  private final class Canary {
    let number: Int
    init(number: Int) { self.number = number }
  }
}
