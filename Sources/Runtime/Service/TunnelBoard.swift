import Agent
import Control
import Endpoint
import Primitives
import Synchronization

/// What a tunnel's thread tells of it, for other threads to read at any time.
final class TunnelBoard: Sendable {
  private struct Content {
    var state = VPNAgentState.dialling
    /// The thread was asked for a reading and has not answered yet.
    var isReading = false
    /// Why it is over, while what is left is being closed.
    var cause: RecordedEnd.Cause?
  }

  private let content = Mutex(Content())
  private let inactivity: Duration
  private let onChange: @Sendable () -> Void

  init(inactivity: Duration, onChange: @escaping @Sendable () -> Void) {
    self.inactivity = inactivity
    self.onChange = onChange
  }

  var state: VPNAgentState { content.withLock { $0.state } }

  func standsUp(_ up: DialUp) {
    content.withLock {
      $0.state = .up(TunnelReading(vpnAddress: up.address, inactivityLeft: inactivity))
    }
    onChange()
  }

  /// Whether a reading makes sense and none is under way; the caller asks for it then.
  func wantsReading() -> Bool {
    content.withLock { content in
      guard case .up = content.state, !content.isReading else { return false }
      content.isReading = true
      return true
    }
  }

  /// - Parameter session: `nil` when there is none any more.
  func note(_ session: L2TPSessionRecord?) {
    content.withLock { content in
      content.isReading = false
      guard case .up(var reading) = content.state, let session else { return }
      if let left = session.inactivityRemainingSeconds {
        reading.inactivityLeft = .milliseconds(Int64(min(max(0, left), 1e6) * 1000))
      }
      reading.receivedBytes = session.bytesIn
      reading.sentBytes = session.bytesOut
      content.state = .up(reading)
    }
  }

  func noteCause(_ cause: RecordedEnd.Cause) { content.withLock { $0.cause = cause } }

  func finish(_ ending: LoopEnding) {
    content.withLock { content in
      content.state =
        switch ending {
        case .success(let reason): .over(reason, detail: content.cause?.detail ?? "")
        case .failure(let error):
          .over(error.tunnelEnd, detail: "\(error.detail): \(error.cause)")
        }
    }
    onChange()
  }
}

extension ControlError {
  /// What a tunnel's end is called when the host, not the peer, caused it.
  fileprivate var tunnelEnd: CloseReason {
    switch code {
    case .unreachable: .gatewayLost
    case .timedOut: .retriesExhausted
    case .refused, .badRequest, .limitReached, .tooLarge, .notFound: .policyRefused
    case .cut, .internalError: .internalError
    }
  }
}
