import Control
import Foundation

/// The story of the product, played in network namespaces of its own and verified step by step.
public enum Demo {
  /// Set in the process that is already inside its own namespaces, to the user it was started by.
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
      try play.connectionService()
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
        cause: "see the step marked ✗ above, or the program that is missing or not allowed here",
        nextStep: "run `make demo`, which installs what the demonstration needs")
    }
  }

  /// Whether root started it; inside a user namespace everybody looks like root.
  static var isStartedByRoot: Bool { ProcessInfo.processInfo.environment[insideVariable] == "0" }

  /// Starts this program again inside a mount and a network namespace of its own, through a user
  /// namespace where we are not root: the kernel takes all of it away with the last process.
  private static func enter(folder: String) throws(ControlError) {
    let asUser = getuid() == 0 ? [] : ["--user", "--map-root-user"]
    setenv(insideVariable, "\(getuid())", 1)
    let arguments =
      ["unshare"] + asUser + ["--mount", "--net", "--"]
      + [Stage.program, "demo", "--folder", URL(fileURLWithPath: folder).path]
    // The program becomes its own successor inside: there is nobody to wait for.
    var words = arguments.map { strdup($0) } + [nil]
    execvp("unshare", &words)
    throw ControlError(
      .refused, "cannot run unshare: \(String(cString: strerror(errno)))",
      cause: "util-linux is not installed", nextStep: "apt-get install util-linux")
  }
}
