import ArgumentParser
import Simulation

/// Plays simulated stories: the same seed gives the same trace.
@main
struct Simulate: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "simulate",
    abstract: "Play stories of gateways, clients and bad networks in virtual time.",
    discussion: "Ends with 1 and names the seed when a promise is broken.")

  @Option(help: "Play this one seed and print its trace.")
  var seed: UInt64?

  @Option(help: "Play so many fresh seeds.")
  var fresh = 0

  @Option(help: "The first of the fresh seeds; random when left out.")
  var from: UInt64?

  func run() throws {
    if let seed {
      var story = Story(seed: seed)
      for line in try story.play().lines { print(line) }
    }
    guard fresh > 0 else { return }
    let first = from ?? UInt64.random(in: 0...UInt64(UInt32.max))
    print("playing \(fresh) seeds from \(first)")
    var failures = 0
    for seed in first..<(first + UInt64(fresh)) {
      do {
        var story = Story(seed: seed)
        _ = try story.play()
      } catch {
        failures += 1
        print("seed \(seed): \(error)\n  again: swift run simulate --seed \(seed)")
      }
    }
    print("\(fresh - failures) passed, \(failures) failed")
    if failures > 0 { throw ExitCode(1) }
  }
}
