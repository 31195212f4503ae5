import Foundation

/// Prints the steps of the demonstration with their times and remembers which were verified.
struct Narrator {
  private let start = DispatchTime.now()
  private var stepStart = DispatchTime.now()
  private(set) var results: [(title: String, isVerified: Bool)] = []

  /// Begins a step.
  mutating func step(_ title: String) {
    stepStart = .now()
    write("\n\(elapsed(since: start))  \(title)")
  }

  /// Shows a command's output, indented.
  func show(_ text: String) {
    for line in text.split(separator: "\n", omittingEmptySubsequences: false) {
      write("          \(line)")
    }
  }

  /// Records whether what the step claims was seen.
  @discardableResult
  mutating func verify(_ claim: String, _ isTrue: Bool) -> Bool {
    results.append((claim, isTrue))
    write("          \(isTrue ? "✓" : "✗") \(claim)  (\(elapsed(since: stepStart)))")
    return isTrue
  }

  /// Prints the summary; `true` when every claim was verified and there was one.
  func summarise() -> Bool {
    let failed = results.filter { !$0.isVerified }
    write(
      "\n\(results.count - failed.count) of \(results.count) claims verified in "
        + "\(elapsed(since: start).trimmingCharacters(in: .whitespaces))")
    for failure in failed { write("  not seen: \(failure.title)") }
    return failed.isEmpty && !results.isEmpty
  }

  private func elapsed(since: DispatchTime) -> String {
    let seconds = Double(DispatchTime.now().uptimeNanoseconds - since.uptimeNanoseconds) / 1e9
    return String(format: "%6.2f s", seconds)
  }

  private func write(_ line: String) {
    FileHandle.standardOutput.write(Data((line + "\n").utf8))
  }
}
