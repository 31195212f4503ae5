import ConnectionService
import Cryptography
import NIOCore
import NIOSSL

/// The one certificate that a broker must show.
struct PinnedCertificate: Sendable {
  private let digest: [UInt8]

  /// - Parameter fingerprint: SHA-256 of the certificate: 64 hexadecimal digits, colons allowed.
  init(fingerprint: String) throws(Refusal) {
    let digits = fingerprint.utf8.filter { $0 != UInt8(ascii: ":") }
    let values = digits.compactMap { UInt8(String(UnicodeScalar($0)), radix: 16) }
    guard digits.count == 64, values.count == 64 else {
      throw Refusal(
        .badRequest, "\(fingerprint) is no fingerprint of a certificate",
        cause: "it does not have 64 hexadecimal digits",
        nextStep: "copy the SHA-256 fingerprint that the broker prints when it starts")
    }
    digest = stride(from: 0, to: 64, by: 2).map { values[$0] << 4 | values[$0 + 1] }
  }

  /// Fails, and closes the connection, unless its other end has proved to own the certificate.
  ///
  /// Called when the handshake is done and before any request is written.
  func check(_ channel: any Channel) -> EventLoopFuture<Void> {
    channel.nioSSL_peerCertificate().flatMapThrowing { certificate in
      guard let certificate,
        HashAlgorithm.sha256.digest(try certificate.toDERBytes()) == digest
      else { throw Self.mismatch }
    }.flatMapErrorThrowing { error in
      channel.close(promise: nil)
      throw error
    }
  }

  private static let mismatch = Refusal(
    .brokerUnreachable, "the broker's certificate does not have the fingerprint that was given",
    cause: "the broker has a new certificate, or somebody is in between",
    nextStep: "compare with the fingerprint that the broker prints when it starts")
}
