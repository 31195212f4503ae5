import Control
import Endpoint
import IKE
import Primitives

// Parts that several records share.

extension Endpoints {
  /// - Parameter path: `nil` when it is not known any more.
  init(_ path: Path?, _ nat: IKE.NATState?) {
    self.init(
      localAddress: path.map { "\($0.local.address)" } ?? "", localPort: Int(path?.local.port ?? 0),
      peerAddress: path.map { "\($0.remote.address)" } ?? "",
      peerPort: Int(path?.remote.port ?? 0), natState: NATState(nat))
  }
}

extension Endpoints.NATState {
  init(_ state: IKE.NATState?) {
    guard let state, state.dialect != nil else {
      self = .unknown
      return
    }
    self =
      switch (state.localIsBehindNAT, state.remoteIsBehindNAT) {
      case _ where state.isForced: .forced
      case (true, true): .both
      case (true, false): .local
      case (false, true): .remote
      case (false, false): .none
      }
  }
}

extension Closing {
  init?(_ end: RecordedEnd?, destructAt: Instant?, at now: Instant) {
    guard let end else { return nil }
    self.init(
      closeReason: end.cause.reason, closedSecondsAgo: (now - end.at).inSeconds,
      destructTimeoutRemainingSeconds: destructAt.map { max(0, ($0 - now).inSeconds) } ?? 0)
  }
}

extension Control.Retransmission {
  init(
    _ backoff: MessageBackoff, sent: Int = 0, nextAt: Instant? = nil,
    connection: ConnectionView?, at now: Instant
  ) {
    var limit: Int?
    if case .count(let count) = connection?.retryLimit ?? .count(0) { limit = count }
    self.init(
      messageBackoff: backoff.mode == .incremental ? .incremental : .none,
      retransmissionsSent: sent, retransmissionsLimit: backoff.retryLimit,
      nextRetransmissionInSeconds: nextAt.map { $0.seconds(from: now) },
      retryAttempt: connection?.retryAttempt ?? 0, retryLimit: limit,
      nextRetryInSeconds: connection?.nextRetryAt.map { $0.seconds(from: now) })
  }
}

extension Instant {
  /// How long it is until then; never negative.
  func seconds(from now: Instant) -> Double { max(0, (self - now).inSeconds) }
}

extension UInt64 {
  /// As cookies are written.
  var sixteenHexDigits: String {
    let digits = String(self, radix: 16)
    return String(repeating: "0", count: 16 - digits.utf8.count) + digits
  }
}

extension ExchangeRole {
  init(_ role: Role) { self = role == .initiator ? .initiator : .responder }
}
