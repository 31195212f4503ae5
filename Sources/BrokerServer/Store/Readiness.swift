import ConnectionService
import Hummingbird
import Synchronization

/// Whether the server can do its work, and why not.
final class Readiness: Sendable {
  private enum StoreState {
    case notReadYet
    case answers
    case fails(Refusal)
  }

  private struct State {
    var store = StoreState.notReadYet
    var isEnding = false
  }

  private let state = Mutex(State())

  func storeAnswers() { state.withLock { $0.store = .answers } }
  func storeFails(_ refusal: Refusal) { state.withLock { $0.store = .fails(refusal) } }
  func ends() { state.withLock { $0.isEnding = true } }

  /// What stands in the way; empty when nothing does.
  var reasons: [String] {
    state.withLock { state in
      var reasons: [String] = []
      switch state.store {
      case .notReadYet: reasons.append("the database has not been read yet")
      case .answers: break
      case .fails(let refusal): reasons.append("the database: \(refusal.detail)")
      }
      if state.isEnding { reasons.append("the broker is ending") }
      return reasons
    }
  }
}

/// The answer of `/readyz`.
struct ReadinessReply: Encodable {
  let ready: Bool
  let reasons: [String]
}

extension ServedBroker {
  func readiness() throws(Refusal) -> Response {
    let reasons = readinessState.reasons
    return try Answer.json(
      ReadinessReply(ready: reasons.isEmpty, reasons: reasons), status: reasons.isEmpty ? 200 : 503)
  }
}
