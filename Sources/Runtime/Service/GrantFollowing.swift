import ConnectionService
import Control
import Cryptography
import LinuxIO
import Logging
import Primitives
import Settings
import Synchronization

/// Keeps a gateway's stream of grants and carries every change to the gateway's loop (CS-25).
///
/// While the stream is down, what was granted stays: the tunnels' own rules go on without the broker
/// (CS-24). Its return brings all grants anew, and they replace what was there.
final class GrantFollowing: Sendable {
  /// A broker to follow.
  struct Broker: Sendable {
    var url: String
    var source: any GrantSource
  }

  /// Waits for so long; returns at once when the task is cancelled.
  typealias Pause = @Sendable (Duration) async -> Void

  /// How long the loop is given when it has too many questions.
  private static let busyPause = Duration.milliseconds(20)

  private let mailbox: Mailbox<GatewayHost>
  private let logger: Logger
  private let pause: Pause
  /// The stream's state; `nil` without a broker.
  private let state = Mutex<GrantStreamState?>(nil)
  private let brokers: AsyncStream<Broker?>
  private let change: AsyncStream<Broker?>.Continuation

  init(mailbox: Mailbox<GatewayHost>, logger: Logger, pause: @escaping Pause) {
    self.mailbox = mailbox
    self.logger = logger
    self.pause = pause
    (brokers, change) = AsyncStream.makeStream(bufferingPolicy: .bufferingNewest(1))
  }

  /// From now on this broker's grants count, or none at all.
  func follow(_ broker: Broker?) { change.yield(broker) }

  /// Follows until the task is cancelled; once.
  func run() async {
    var current: Task<Void, Never>?
    for await broker in brokers {
      await Self.end(current)
      current = nil
      let now = MonotonicClock.now()
      state.withLock { $0 = broker.map { GrantStreamState(broker: $0.url, at: now) } }
      if let broker {
        current = Task { await self.keepUp(with: broker) }
      } else {
        // Nobody vouches for them any more.
        try? await apply(.all(grants: []))
      }
    }
    await Self.end(current)
  }

  /// What is granted, and where that comes from.
  func reply() async throws(ControlError) -> GrantsReply {
    // What the stream has told by now is in force; what is shown may be newer, never older.
    let known = state.withLock(\.self)
    let (records, refused) = try await mailbox.perform { loop, now in
      (
        loop.owner.gateway.grantViews.map { GrantRecord($0, at: now) },
        loop.owner.gateway.grantsRefused
      )
    }
    let stream = known?.record(grantsRefused: refused, at: MonotonicClock.now())
    return GrantsReply(items: records, stream: stream)
  }

  private static func end(_ task: Task<Void, Never>?) async {
    task?.cancel()
    await task?.value
  }

  /// Attaches again and again.
  private func keepUp(with broker: Broker) async {
    var delay = ReconnectDelay()
    var random = SystemRandom()
    while !Task.isCancelled {
      note { $0.enter(.connecting, at: $1) }
      let why = await attach(to: broker, resetting: &delay)
      guard !Task.isCancelled else { return }
      let wait = delay.next(using: &random)
      note { state, now in
        state.noteError(why)
        state.enter(.waiting(until: now + wait), at: now)
      }
      logger.warning("grantsDetached broker=\(broker.url) detail=\(why.quoted) retryIn=\(wait)")
      await pause(wait)
    }
  }

  /// Carries out what one attachment brings; returns why it ended.
  private func attach(to broker: Broker, resetting delay: inout ReconnectDelay) async -> String {
    var isAttached = false
    do {
      for try await change in broker.source.changes() {
        if !isAttached {
          guard case .all(let grants) = change else { return "the stream began without all grants" }
          isAttached = true
          delay.reset()
          note { $0.enter(.attached, at: $1) }
          logger.notice("grantsAttached broker=\(broker.url) grants=\(grants.count)")
        }
        try await apply(change)
        note { $0.noteChange(at: $1) }
      }
      return "the broker ended the stream"
    } catch let refusal as Refusal {
      return "\(refusal.detail): \(refusal.cause)"
    } catch {
      return "\(error)"
    }
  }

  /// Hands one change to the loop and waits until it is in force. A loop that is busy is asked again:
  /// no revocation may be lost.
  private func apply(_ change: GrantChange) async throws(ControlError) {
    while true {
      do throws(ControlError) {
        return try await mailbox.perform { loop, now in
          loop.owner.gateway.apply(change, at: now, using: &loop.random)
        }
      } catch {
        guard error.code == .limitReached, !Task.isCancelled else { throw error }
        await pause(Self.busyPause)
      }
    }
  }

  private func note(_ body: (inout GrantStreamState, Instant) -> Void) {
    let now = MonotonicClock.now()
    state.withLock { state in
      guard var known = state else { return }
      body(&known, now)
      state = known
    }
  }
}
