import Simulation

/// The kinds of stories.
enum StoryKind: String, CaseIterable, CustomStringConvertible {
  case tunnels
  case service = "the service"

  var description: String { rawValue }

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

  /// What plays this story again, and prints its trace.
  func command(for seed: UInt64) -> String {
    "swift run simulate\(self == .service ? " --service" : "") --seed \(seed)"
  }
}
