import ArgumentParser

/// `drawbridge demo`: the demonstration, which starts this same program in every role.
struct DemoCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "demo",
    abstract: "Show the whole story in network namespaces of its own.",
    discussion: "Exit code 0 only if every step was verified.")

  @Option(
    help: ArgumentHelp("Where the capture and its keys are left.", valueName: "folder"),
    completion: .directory)
  var folder = "drawbridge-demo"

  func run() async throws {
    try await Start.demo(folder: folder)
  }
}
