import CBenchmarks

/// How long to measure.
struct Effort {
  /// Rounds of each side; the median counts.
  var rounds: Int
  /// CPU time of one round of our own code.
  var roundNanoseconds: Double
  /// Seconds of one run of `openssl speed`, which takes whole ones.
  var opensslSeconds: Int

  /// Fewer sessions, shorter transfers.
  var isQuick = false

  static let usual = Effort(rounds: 5, roundNanoseconds: 100_000_000, opensslSeconds: 1)
  static let quick = Effort(
    rounds: 3, roundNanoseconds: 20_000_000, opensslSeconds: 1, isQuick: true)
}

/// CPU nanoseconds of this thread that `body` takes: what other processes do does not count.
func nanoseconds(_ body: () -> Void) -> Double {
  let begin = bench_thread_nanoseconds()
  body()
  return max(0, Double(bench_thread_nanoseconds() - begin) - clockNanoseconds)
}

/// What reading the clock itself adds; a system call, for CPU time.
private let clockNanoseconds: Double = {
  let times = (0..<1_001).map { _ in
    let begin = bench_thread_nanoseconds()
    return Double(bench_thread_nanoseconds() - begin)
  }
  return median(times) ?? 0
}()

/// The median of two measurements that alternate, so that a change of the machine's speed meets
/// both.
func interleaved(
  rounds: Int, _ ours: () -> Double, _ reference: () -> Double?
) -> (ours: Double, reference: Double?) {
  var own: [Double] = []
  var others: [Double] = []
  for _ in 0..<rounds {
    own.append(ours())
    if let value = reference() { others.append(value) }
  }
  return (median(own) ?? 0, median(others))
}

/// The middle value, of an even number the lower one.
func median(_ values: [Double]) -> Double? {
  values.isEmpty ? nil : values.sorted()[(values.count - 1) / 2]
}

/// Nanoseconds of one operation, of which `body` does so many and says how long they took; called
/// until a round is full. The first call warms up and does not count.
func nanosecondsPerOperation(
  _ effort: Effort, operations: Int, _ body: () -> Double
) -> Double {
  _ = body()
  var spent = 0.0
  var calls = 0
  while spent < effort.roundNanoseconds {
    spent += body()
    calls += 1
  }
  return spent / Double(calls * operations)
}
