import Foundation

/// A program of `Scripts/bench.d`, which measures processes from outside and prints JSON.
struct BenchScript {
  var path: String

  /// What it printed; empty when it did not run.
  func run(_ arguments: [String]) -> Data {
    let process = Process()
    process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
    // Foundation gives it a process group of its own; without this, Ctrl-C would not reach it.
    process.arguments = ["setpriv", "--pdeathsig", "TERM", "--", "python3", path] + arguments
    let pipe = Pipe()
    process.standardOutput = pipe
    guard (try? process.run()) != nil else { return Data() }
    let output = pipe.fileHandleForReading.readDataToEndOfFile()
    process.waitUntilExit()
    return output
  }
}
