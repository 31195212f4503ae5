import Control
import ControlServer
import Logging
import Primitives

/// Runs a service together with its control socket.
enum Serving {
  private enum Outcome {
    case socketEnded(ControlError?)
    case serviceEnded(Result<CloseReason, ControlError>)
  }

  /// Binds the socket first, so that a second start on the same path fails before it touches
  /// anything; then runs the service, and ends both when either ends.
  static func run(
    _ service: some RunningService, socketPath: String, logger: Logger
  ) async throws(ControlError) -> CloseReason {
    let server = ControlServer(service: service, socketPath: socketPath, logger: logger)
    let (ready, signal) = AsyncStream<Void>.makeStream()
    let outcome = await withTaskGroup(of: Outcome.self) { group in
      group.addTask {
        defer { signal.finish() }
        do throws(ControlError) {
          try await server.run { signal.yield() }
          return .socketEnded(nil)
        } catch {
          return .socketEnded(error)
        }
      }
      group.addTask {
        var readiness = ready.makeAsyncIterator()
        guard await readiness.next() != nil else { return .serviceEnded(.success(.shutdown)) }
        do throws(ControlError) {
          return .serviceEnded(.success(try await service.run()))
        } catch {
          return .serviceEnded(.failure(error))
        }
      }
      return await firstOutcome(of: &group)
    }
    return try outcome.get()
  }

  /// The service's end decides; a socket that failed before or meanwhile is the error otherwise.
  private static func firstOutcome(
    of group: inout TaskGroup<Outcome>
  ) async -> Result<CloseReason, ControlError> {
    var socketError: ControlError?
    var ended: Result<CloseReason, ControlError> = .success(.shutdown)
    while let outcome = await group.next() {
      group.cancelAll()
      switch outcome {
      case .socketEnded(let error): socketError = error
      case .serviceEnded(let result): ended = result
      }
    }
    if case .success = ended, let socketError { return .failure(socketError) }
    return ended
  }
}
