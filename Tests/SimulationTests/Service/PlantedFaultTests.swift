import Simulation
import Testing

/// Every fault that is put into the service on purpose is noticed, and as what it is.
@Suite(.timeLimit(.minutes(5))) struct PlantedFaultTests {
  @Test(arguments: [
    (PlantedFault.redialsAfterLoss, ["CS-5"]),
    (.dialsTwice, ["CS-3"]),
    (.hidesUnexpectedClose, ["CS-13"]),
    (.repeatsUnexpectedClose, ["CS-13"]),
    (.hidesConnection, ["liveness", "at rest"]),
    (.ignoresKeys, ["CS-8"]),
    (.keepsForwarding, ["CS-25"]),
    (.neverForwards, ["CS-25"]),
    (.losesAnswers, ["liveness"]),
    (.tellsSecrets, ["secrets"]),
    (.changesEvent, ["CS-26"]),
    (.overlooksLoss, ["clock"]),
    (.timersGoByTheWallClock, ["clock"]),
  ])
  func isNoticed(_ fault: PlantedFault, as rules: [String]) throws {
    var noticed: Set<String> = []
    for seed in 0..<40 as Range<UInt64> {
      var story = ServiceStory(seed: seed, fault: fault)
      guard let broken = try story.play().broken else { continue }
      if rules.contains(broken.rule) { return }
      noticed.insert(broken.rule)
    }
    Issue.record("noticed as \(noticed.sorted()) only")
  }
}
