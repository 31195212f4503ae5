import ConnectionService
import Synchronization

/// A broker in memory: says what it is told to say.
public final class MemoryGrantSource: GrantSource {
  private typealias Continuation = AsyncThrowingStream<GrantChange, any Error>.Continuation

  private struct State {
    var grants: [Grant] = []
    var attached: Continuation?
    /// What attachments get instead of a stream.
    var refusal: Refusal?
    var attempts = 0
  }

  private let state = Mutex(State())

  public init() {}

  /// How often somebody attached, or tried to.
  public var attempts: Int { state.withLock(\.attempts) }

  public func changes() -> any AsyncSequence<GrantChange, any Error> {
    let (stream, continuation) = AsyncThrowingStream<GrantChange, any Error>.makeStream()
    state.withLock { state in
      state.attempts += 1
      if let refusal = state.refusal {
        continuation.finish(throwing: refusal)
      } else {
        state.attached = continuation
        continuation.yield(.all(grants: state.grants))
      }
    }
    return stream
  }

  public func grant(_ grant: Grant) {
    state.withLock { state in
      state.grants.append(grant)
      state.attached?.yield(.granted(grant: grant))
    }
  }

  public func revoke(_ connection: ConnectionID) {
    state.withLock { state in
      state.grants.removeAll { $0.connection == connection }
      state.attached?.yield(.revoked(connection: connection))
    }
  }

  /// Ends the attachment, and refuses further ones while `refusal` is given.
  public func cut(refusing refusal: Refusal? = nil) {
    state.withLock { state in
      state.refusal = refusal
      state.attached?.finish()
      state.attached = nil
    }
  }

  /// Says something that a broker would not say now.
  public func say(_ change: GrantChange) {
    _ = state.withLock { $0.attached?.yield(change) }
  }
}
