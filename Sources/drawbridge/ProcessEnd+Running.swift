extension ProcessEnd {
  /// Runs `body` until it ends by itself, or until a signal asks this process to end.
  static func whileRunning(_ body: @escaping @Sendable () async throws -> Void) async throws {
    try await withThrowingTaskGroup(of: Bool.self) { group in
      group.addTask {
        try await body()
        return true
      }
      group.addTask {
        for await _ in signals() { break }
        return false
      }
      let isOver = try await group.next() ?? true
      group.cancelAll()
      // An orderly end answers the requests that are under way first.
      if !isOver { _ = try await group.next() }
    }
  }
}
