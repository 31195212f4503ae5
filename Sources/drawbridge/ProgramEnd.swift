import ArgumentParser
import ConnectionService
import Control
import Primitives
import Settings

/// The program's exit codes, documented in `Docs/commands.md`.
enum ProgramStatus: Int32, CaseIterable {
  case ok = 0
  case internalError = 1
  case usage = 2
  case notFound = 3
  case refused = 4
  case limit = 5
  case unreachable = 6
  case timedOut = 7
  case cut = 8
}

/// How the program ends: what it prints last, and its exit code.
struct ProgramEnd {
  var text: String
  var code: ProgramStatus

  init(_ error: any Error) {
    switch error {
    case let error as ControlError:
      text = "\(error)"
      code = ProgramStatus(error.code)
    case let refusal as Refusal:
      text = "\(refusal.text)"
      code = ProgramStatus(refusal)
    case let refusal as ConfigurationRefused:
      text = "\(refusal)"
      code = .usage
    case let end as TunnelEnd:
      text = "\(end)"
      code = ProgramStatus(end.reason)
    default:
      text = Drawbridge.fullMessage(for: error)
      // The parser's own code for a wrong command line is 64.
      code = Drawbridge.exitCode(for: error).isSuccess ? .ok : .usage
    }
  }
}

/// A client's tunnel is over.
struct TunnelEnd: Error, CustomStringConvertible {
  var reason: CloseReason

  var description: String { "closed: \(reason.rawValue)" }
}

extension Refusal {
  /// Three lines: code and what; then the cause; then the next step.
  var text: String {
    """
    error [\(code.rawValue)] \(detail)
      cause: \(cause)
      next:  \(nextStep)
    """
  }
}

extension ProgramStatus {
  init(_ refusal: Refusal) {
    self =
      switch refusal.code {
      case .badRequest: .usage
      case .deviceUnknown, .connectionUnknown, .notFound: .notFound
      case .unauthenticated, .forbidden, .connectionClosed, .tunnelClosing, .policyRefused,
        .epochOutdated, .enrolmentCodeInvalid, .productIDTaken, .idempotencyConflict:
        .refused
      case .connectionLimit, .overloaded, .tooLarge: .limit
      case .deviceOffline, .storeUnavailable, .brokerUnreachable: .unreachable
      case .deviceTimeout: .timedOut
      case .establishmentFailed: refusal.reason.map(ProgramStatus.init(failure:)) ?? .cut
      case .internalError: .internalError
      }
  }

  /// A tunnel that never stood: no reason for that is a success.
  private init(failure reason: CloseReason) {
    let status = ProgramStatus(reason)
    self = status == .ok ? .cut : status
  }

  init(_ code: ControlError.Code) {
    self =
      switch code {
      case .badRequest: .usage
      case .notFound: .notFound
      case .refused: .refused
      case .limitReached, .tooLarge: .limit
      case .unreachable: .unreachable
      case .timedOut: .timedOut
      case .cut: .cut
      case .internalError: .internalError
      }
  }

  /// Ends by wish or by rule are a success; the rest says who or what ended it.
  init(_ reason: CloseReason) {
    self =
      switch reason {
      case .requested, .closeAll, .lastConnectionClosed, .inactivity, .idleTimeout,
        .destructTimeout, .maxDuration, .administrator, .shutdown, .singleShotSpent:
        .ok
      case .negotiationFailed, .authenticationFailed, .policyRefused, .localVeto: .refused
      case .retriesExhausted: .timedOut
      case .deadPeer, .peerDeleted, .peerClosed, .lifetimeExpired, .gatewayLost, .brokerLost: .cut
      case .internalError: .internalError
      }
  }
}
