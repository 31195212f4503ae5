import ArgumentParser
import Simulation

/// Plays simulated stories: the same seed gives the same trace.
@main
struct Simulate: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "simulate",
    abstract: "Play stories of tunnels and of the connection service in virtual time.",
    discussion: "Ends with 1 and names the seeds when a promise is broken.")

  /// How many failing seeds are told in full; of the others only the number.
  private static let failuresTold = 20

  @Option(help: "Play this one seed and print its trace.")
  var seed: UInt64?

  @Flag(help: "With --seed: the story of brokers, agents, gateway and people.")
  var service = false

  @Option(help: "Play so many fresh seeds, of tunnels and of the service each.")
  var fresh: UInt64 = 0

  @Option(help: "The first of the fresh seeds; random when left out.")
  var from: UInt64?

  func validate() throws {
    guard seed != nil || fresh > 0 else {
      throw ValidationError("Say --seed N to see one story or --fresh N to play many.")
    }
    guard fresh <= 1 << 32 else { throw ValidationError("--fresh is 2^32 at most.") }
  }

  func run() throws {
    if let seed { try tell(seed) }
    if fresh > 0 { try playMany() }
  }

  private func tell(_ seed: UInt64) throws {
    let kind = service ? Kind.service : .tunnels
    let play = try kind.play(seed)
    for line in play.trace.lines { print(line) }
    guard let broken = play.broken else { return }
    print(broken)
    throw ExitCode(1)
  }

  private func playMany() throws {
    let first = from ?? UInt64.random(in: 0...UInt64(UInt32.max))
    var failed: UInt64 = 0
    for kind in Kind.allCases { failed += try playMany(of: kind, from: first) }
    if failed > 0 { throw ExitCode(1) }
  }

  /// - Returns: how many failed.
  private func playMany(of kind: Kind, from first: UInt64) throws -> UInt64 {
    print("playing \(fresh) stories of \(kind), seeds \(first) to \(first &+ (fresh - 1))")
    var tally = Tally()
    var failed: UInt64 = 0
    for number in 0..<fresh {
      let seed = first &+ number
      let play = try kind.play(seed)
      tally += play.tally
      if let broken = play.broken {
        failed += 1
        if failed <= Self.failuresTold {
          print("seed \(seed): \(broken)\n  again: swift run simulate\(kind.option) --seed \(seed)")
        }
      }
      if (number + 1) % max(1, fresh / 10) == 0, number + 1 < fresh {
        print("\(number + 1) of \(fresh), \(failed) failed")
      }
    }
    print("what happened in them:")
    for line in tally.lines { print("  \(line)") }
    print("\(fresh - failed) passed, \(failed) failed")
    return failed
  }
}

/// The kinds of stories.
private enum Kind: String, CaseIterable, CustomStringConvertible {
  case tunnels
  case service = "the service"

  var description: String { rawValue }

  /// What the command line says to get this kind.
  var option: String { self == .service ? " --service" : "" }

  func play(_ seed: UInt64) throws -> Play {
    switch self {
    case .tunnels:
      var story = Story(seed: seed)
      return try story.play()
    case .service:
      var story = ServiceStory(seed: seed)
      return try story.play()
    }
  }
}
