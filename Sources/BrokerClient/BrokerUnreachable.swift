import AsyncHTTPClient
import ConnectionService
import NIOCore
import NIOPosix
import NIOSSL

extension Refusal {
  /// No answer came from the broker at `base`: why, and what to do.
  static func unreachable(_ base: String, _ error: any Error) -> Refusal {
    let (cause, nextStep) = explanation(of: error)
    return Refusal(
      .brokerUnreachable, "the broker at \(base) cannot be reached", cause: cause,
      nextStep: nextStep)
  }

  private static let timeouts: [HTTPClientError] = [
    .deadlineExceeded, .readTimeout, .writeTimeout, .connectTimeout, .tlsHandshakeTimeout,
  ]
  private static let breaks: [HTTPClientError] = [.remoteConnectionClosed, .uncleanShutdown]

  private static func explanation(of error: any Error) -> (cause: String, nextStep: String) {
    switch error {
    case is CancellationError: ("this program gave up", "ask again")
    case let error as HTTPClientError where timeouts.contains(error):
      ("no answer came in time", "check the network and the broker's log")
    case let error as HTTPClientError where breaks.contains(error):
      ("the connection broke off", "look whether the broker is restarting, and ask again")
    case is NIOSSLError, is BoringSSLError:
      (
        "its certificate is not trusted, or it does not speak TLS: \(error)",
        "name the fingerprint that the broker prints, or the file of its authorities"
      )
    case let error as NIOConnectionError:
      (reason(of: error), "start the broker, or correct its address")
    case let error as IOError:
      ("\(error)", "check the network and the broker's address")
    default: ("\(error)", "check the network and the broker's log")
    }
  }

  private static func reason(of error: NIOConnectionError) -> String {
    if let fault = error.connectionErrors.first?.error { return "\(fault)" }
    return "the name \(error.host) has no address"
  }
}
