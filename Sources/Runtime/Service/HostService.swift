import Control
import Glibc
import IKE
import LinuxIO
import Logging
import Primitives

/// A loop as a service: it runs on a thread of its own, and answers questions from any other.
final class HostService<Owner: LoopOwner & ~Copyable>: RunningService {
  /// Builds the loop, on the loop's own thread; what it opens belongs to that thread.
  typealias Opening =
    @Sendable (LoopParts<Owner>) throws(ControlError) -> HostLoop<Owner>
  typealias Reloading = @Sendable () async throws(ControlError) -> ReloadReply
  /// What of the configuration in force is shown.
  typealias Showing = @Sendable () -> ShownSettings

  let mailbox: Mailbox<Owner>
  let role: VersionReply.Role
  let programVersion: String
  private let logger: Logger
  private let workerThreads: Int
  private let takesSignals: Bool
  private let interruptReason: CloseReason
  let reloading: Reloading?
  let shownSettings: Showing
  /// Who may reach whom; `nil` where nobody asks a broker.
  let grants: GrantFollowing?
  private let open: Opening
  let startedAt = MonotonicClock.now()
  /// For the program's own service alone, as the signals are.
  private let notifier: ServiceNotifier

  init(
    role: VersionReply.Role, version: String, logger: Logger, mailbox: Mailbox<Owner>,
    workerThreads: Int, takesSignals: Bool, interruptReason: CloseReason, reloading: Reloading?,
    shownSettings: @escaping Showing, grants: GrantFollowing? = nil, open: @escaping Opening
  ) {
    self.role = role
    programVersion = version
    self.logger = logger
    self.mailbox = mailbox
    self.workerThreads = workerThreads
    self.takesSignals = takesSignals
    notifier = takesSignals ? .fromEnvironment() : ServiceNotifier(socketName: nil)
    self.interruptReason = interruptReason
    self.reloading = reloading
    self.shownSettings = shownSettings
    self.grants = grants
    self.open = open
  }

  func run() async throws(ControlError) -> CloseReason {
    let environment = try environment()
    let following = grants.map { grants in Task { await grants.run() } }
    let ending = await withTaskCancellationHandler {
      await withCheckedContinuation { (continuation: CheckedContinuation<LoopEnding, Never>) in
        let thread = LoopThread { [self] in
          continuation.resume(returning: runLoop(environment))
        }
        if let thread {
          thread.detach()
        } else {
          mailbox.close()
          continuation.resume(
            returning: .failure(.resources(SystemError("start a thread", errno: EAGAIN))))
        }
      }
    } onCancel: {
      mailbox.post { loop, now in loop.end(.success(.shutdown), at: now) }
    }
    following?.cancel()
    await following?.value
    return try ending.get()
  }

  /// Everything that happens on the loop's thread, from the first socket to the last.
  private func runLoop(_ environment: LoopEnvironment) -> LoopEnding {
    defer { mailbox.close() }
    let mailbox = mailbox
    let workers = KeyExchangeWorkers { result in
      mailbox.post { loop, now in
        loop.owner.host.endpoint.complete(result, at: now, using: &loop.random)
      }
    }
    guard workers.start(threads: workerThreads) else {
      return .failure(.resources(SystemError("start a thread", errno: EAGAIN)))
    }
    defer { workers.stop() }
    do throws(ControlError) {
      var loop = try open(
        LoopParts(logger: logger, mailbox: mailbox, workers: workers, environment: environment))
      logger.notice("\(role.rawValue) ready")
      try? notifier.ready()
      let ending = loop.run()
      for failure in loop.owner.revert() { logger.warning("left behind: \(failure)") }
      switch ending {
      case .success(let reason): logger.notice("ended reason=\(reason.rawValue)")
      case .failure(let error): logger.error("ended: \(error.detail)")
      }
      return ending
    } catch {
      return .failure(error)
    }
  }

  private func environment() throws(ControlError) -> LoopEnvironment {
    var environment = LoopEnvironment()
    environment.notifier = notifier
    environment.interruptReason = interruptReason
    guard takesSignals else { return environment }
    do throws(SystemError) {
      environment.signals = try SignalInbox()
    } catch {
      throw .resources(error)
    }
    guard reloading != nil else { return environment }
    environment.onHangup = { [weak self] in
      Task { [weak self] in try? await self?.reload() }
    }
    return environment
  }
}
