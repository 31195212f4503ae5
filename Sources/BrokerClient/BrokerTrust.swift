import AsyncHTTPClient
import ConnectionService
import NIOCore
import NIOSSL

/// How a broker's certificate is judged.
enum BrokerTrust {
  /// - Throws: `badRequest` for authorities that cannot be read, and for a text that is no
  ///   fingerprint.
  static func apply(
    _ trust: BrokerAddress.Trust, to configuration: inout HTTPClient.Configuration
  ) throws(Refusal) {
    var tls = TLSConfiguration.makeClientConfiguration()
    tls.minimumTLSVersion = .tlsv12
    switch trust {
    case .system: break
    case .authorities(let path):
      do {
        tls.trustRoots = .certificates(try NIOSSLCertificate.fromPEMFile(path))
      } catch {
        throw Refusal(
          .badRequest, "the authorities in \(path) cannot be read", cause: "\(error)",
          nextStep: "name a file of PEM certificates that this user may read")
      }
    case .fingerprint(let text):
      let pin = try PinnedCertificate(fingerprint: text)
      // The pin replaces authorities and names: this one certificate, whoever signed it.
      tls.certificateVerification = .none
      configuration.http1_1ConnectionDebugInitializer = { pin.check($0) }
    }
    configuration.tlsConfiguration = tls
  }
}
