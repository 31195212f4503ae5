import Control
import Foundation

/// The story of the product, played in network namespaces of its own and verified step by step.
public enum Demo {
  /// Set in the process that is already inside its own namespaces.
  private static let insideVariable = "DRAWBRIDGE_DEMO_INSIDE"

  /// Plays the story.
  ///
  /// - Parameter folder: where the capture and its keys are left.
  /// - Throws: `refused` when a step was not verified or the stage could not be built.
  public static func run(folder: String) async throws(ControlError) {
    if ProcessInfo.processInfo.environment[insideVariable] == nil {
      try enter(folder: folder)
      return
    }
    do {
      var play = try Play(folder: URL(fileURLWithPath: folder))
      defer { play.end() }
      try play.standardTunnel()
      try play.singleShotTunnel()
      try play.kernelClient()
      try play.capture()
      guard play.narrator.summarise() else {
        throw StageFailure(description: "not every step was verified")
      }
    } catch {
      throw ControlError(
        .refused, "the demonstration failed: \(error)",
        cause: "see the step marked ✗ above, or the program that is missing",
        nextStep: "run `make demo`, which installs what the demonstration needs")
    }
  }

  /// Starts this program again inside a mount and a network namespace of its own, through a user
  /// namespace where we are not root: the kernel takes all of it away with the last process.
  private static func enter(folder: String) throws(ControlError) {
    let asUser = getuid() == 0 ? [] : ["--user", "--map-root-user"]
    let process = Process()
    process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
    process.arguments =
      ["unshare"] + asUser + ["--mount", "--net", "--"]
      + [Stage.program, "demo", "--folder", folder]
    process.environment = ProcessInfo.processInfo.environment.merging(
      [insideVariable: "1"]) { $1 }
    do {
      try process.run()
    } catch {
      throw ControlError(
        .refused, "cannot run unshare: \(error.localizedDescription)",
        cause: "util-linux is not installed", nextStep: "apt-get install util-linux")
    }
    process.waitUntilExit()
    guard process.terminationStatus == 0 else {
      throw ControlError(
        .refused, "the demonstration ended with \(process.terminationStatus)",
        cause: "a step was not verified, or no namespace may be made here",
        nextStep: "read the steps above; in a container allow user namespaces or run as root")
    }
  }
}
