import AgentService
import Control
import ControlServer
import Dispatch
import Glibc
import Logging

/// Runs an agent together with its control socket until a signal ends both.
enum AgentServing {
  private enum Outcome {
    case socketEnded(ControlError?)
    case agentEnded(ControlError?)
    case signalled
  }

  /// Binds the socket first, so that a second agent on the same path fails before it touches the
  /// history.
  static func run(
    _ agent: AgentService, socketPath: String, logger: Logger
  ) async throws(ControlError) {
    let server = ControlServer(agent: agent, socketPath: socketPath, logger: logger)
    let (ready, signal) = AsyncStream<Void>.makeStream()
    let failure = await withTaskGroup(of: Outcome.self) { group in
      group.addTask {
        let error = await serve(server, onReady: { signal.yield() })
        signal.finish()
        return .socketEnded(error)
      }
      group.addTask {
        var readiness = ready.makeAsyncIterator()
        guard await readiness.next() != nil else { return .agentEnded(nil) }
        return .agentEnded(await run(agent))
      }
      group.addTask {
        for await _ in ProcessEnd.signals() { break }
        return .signalled
      }
      return await firstFailure(of: &group)
    }
    if let failure { throw failure }
  }

  private static func firstFailure(of group: inout TaskGroup<Outcome>) async -> ControlError? {
    var failure: ControlError?
    while let outcome = await group.next() {
      group.cancelAll()
      switch outcome {
      case .socketEnded(let error), .agentEnded(let error): failure = failure ?? error
      case .signalled: break
      }
    }
    return failure
  }

  private static func serve(
    _ server: ControlServer, onReady: @escaping @Sendable () async -> Void
  ) async -> ControlError? {
    do throws(ControlError) {
      try await server.run(onReady: onReady)
      return nil
    } catch {
      return error
    }
  }

  private static func run(_ agent: AgentService) async -> ControlError? {
    do throws(ControlError) {
      try await agent.run()
      return nil
    } catch {
      return error
    }
  }
}

/// The signals that ask this process to end.
enum ProcessEnd {
  /// Yields for each of them; they no longer end the process by themselves.
  static func signals() -> AsyncStream<Void> {
    AsyncStream { continuation in
      for number in [SIGTERM, SIGINT] {
        signal(number, SIG_IGN)
        let source = DispatchSource.makeSignalSource(signal: number, queue: .global())
        // The handler holds the source: it watches for the rest of the process's life.
        source.setEventHandler {
          _ = source
          continuation.yield()
        }
        source.resume()
      }
    }
  }
}
