import ConnectionService

/// Says what is being waited for, and for how long already, while a person looks on.
enum Waiting {
  /// - Parameter step: what is going on, e.g. `waiting for PBX-1 to open its tunnel`.
  static func show<Result: Sendable>(
    _ step: String, _ work: @Sendable () async throws -> Result
  ) async throws -> Result {
    let began = ContinuousClock.now
    let isLive = Terminal.takesColour(.error)
    let ticking = isLive ? Task { await tick(step, since: began) } : nil
    defer {
      ticking?.cancel()
      if isLive { Terminal.rewrite("") }
    }
    if !isLive { Terminal.write("\(step) …", to: .error) }
    return try await work()
  }

  private static func tick(_ step: String, since began: ContinuousClock.Instant) async {
    while !Task.isCancelled {
      let seconds = (ContinuousClock.now - began).components.seconds
      Terminal.rewrite("\(step), \(seconds) s")
      try? await Task.sleep(for: .seconds(1))
    }
  }
}
