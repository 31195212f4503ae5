import ArgumentParser
import Simulation

/// Plays simulated stories: the same seed gives the same trace.
@main
struct Simulate: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "simulate",
    abstract: "Play stories of tunnels and of the connection service in virtual time.",
    discussion: """
      Ends with 1 and names the seeds when a promise is broken. A seed is one story, on any machine and \
      on however many threads.
      """)

  @Option(help: "Play this one seed and print its trace.")
  var seed: UInt64?

  @Flag(help: "Only stories of brokers, agents, gateway and people; with --seed, that one.")
  var service = false

  @Option(help: "Play so many seeds, of tunnels and of the service each.")
  var count: UInt64?

  @Option(help: "Play seeds of both kinds until so many minutes are over.")
  var minutes: Double?

  @Option(help: "The first of many seeds; a fresh one when left out.")
  var from: UInt64?

  @Option(help: "Play so many stories at a time.")
  var jobs = 1

  func validate() throws {
    let modes = [seed != nil, count != nil, minutes != nil].filter(\.self)
    guard modes.count == 1 else {
      throw ValidationError(
        "Say --seed N to see one story, --count N or --minutes N to play many.")
    }
    guard (1...1 << 32).contains(count ?? 1) else {
      throw ValidationError("--count is 1 to 2^32.")
    }
    guard (0...100_000).contains(minutes ?? 0) else {
      throw ValidationError("--minutes is 0 to 100000.")
    }
    guard (1...256).contains(jobs) else { throw ValidationError("--jobs is 1 to 256.") }
  }

  func run() async throws {
    if let seed { return try tell(seed) }
    let first = from ?? UInt64.random(in: 0...UInt64(UInt32.max))
    let kinds: [StoryKind] = service ? [.service] : StoryKind.allCases
    let until: StorySeries.End =
      if let count { .count(count) } else { .time(.now + .seconds((minutes ?? 0) * 60)) }
    say("stories of \(kinds.map(\.description).joined(separator: " and ")), from seed \(first)")
    let series = StorySeries(of: kinds, from: first, until: until)
    guard await series.play(jobs: jobs) else { throw ExitCode(1) }
  }

  private func tell(_ seed: UInt64) throws {
    let play = try (service ? StoryKind.service : .tunnels).play(seed)
    for line in play.trace.lines { print(line) }
    guard let broken = play.broken else { return }
    print(broken)
    throw ExitCode(1)
  }
}
