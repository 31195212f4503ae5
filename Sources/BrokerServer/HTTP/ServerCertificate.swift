import ConnectionService
import Crypto
import Cryptography
import Foundation
import NIOSSL
import SwiftASN1
import X509

/// The certificate that the server shows, with its key.
struct ServerCertificate {
  /// How long a self-signed one lasts; it is pinned, not renewed.
  private static let lifetimeDays: TimeInterval = 3650
  private static let certificateName = "broker-certificate.pem"
  private static let keyName = "broker-key.pem"

  let tls: TLSConfiguration
  /// SHA-256 of the certificate, in lower-case hexadecimal.
  let fingerprint: String

  /// Reads both from PEM files.
  init(certificatePath: String, keyPath: String) throws(Refusal) {
    do {
      let chain = try NIOSSLCertificate.fromPEMFile(certificatePath)
      guard let leaf = chain.first else { throw CocoaError(.fileReadCorruptFile) }
      let key = try NIOSSLPrivateKey(file: keyPath, format: .pem)
      var tls = TLSConfiguration.makeServerConfiguration(
        certificateChain: chain.map { .certificate($0) }, privateKey: .privateKey(key))
      tls.minimumTLSVersion = .tlsv12
      tls.applicationProtocols = ["http/1.1"]
      self.tls = tls
      fingerprint = Self.hexadecimal(HashAlgorithm.sha256.digest(try leaf.toDERBytes()))
    } catch {
      throw Refusal(
        .badRequest, "The certificate \(certificatePath) with \(keyPath) cannot be used.",
        cause: "\(error)", nextStep: "Name two PEM files that belong together.")
    }
  }

  /// The one in `folder`, made there (mode 0600) when there is none.
  ///
  /// - Parameter names: host names and addresses that it is good for.
  init(selfSignedIn folder: String, names: [String]) throws(Refusal) {
    let certificate = folder + "/" + Self.certificateName
    let key = folder + "/" + Self.keyName
    if !FileManager.default.fileExists(atPath: certificate) {
      do {
        let made = try Self.make(names: names)
        // The key first: a certificate that is there has its key.
        try PrivateFile.write(made.key, to: key)
        try PrivateFile.write(made.certificate, to: certificate)
      } catch {
        throw Refusal(
          .badRequest, "No certificate can be made in \(folder).", cause: "\(error)",
          nextStep: "Make the folder writable, or name a certificate.")
      }
    }
    try self.init(certificatePath: certificate, keyPath: key)
  }

  private static func make(
    names: [String]
  ) throws -> (certificate: String, key: String) {
    let key = P256.Signing.PrivateKey()
    let signer = Certificate.PrivateKey(key)
    let subject = try DistinguishedName { CommonName(names.first ?? "drawbridge broker") }
    let start = Date(timeIntervalSinceNow: -3600)
    let certificate = try Certificate(
      version: .v3, serialNumber: .init(), publicKey: signer.publicKey, notValidBefore: start,
      notValidAfter: start.addingTimeInterval(lifetimeDays * 86_400), issuer: subject,
      subject: subject, signatureAlgorithm: .ecdsaWithSHA256,
      extensions: try Certificate.Extensions {
        Critical(BasicConstraints.isCertificateAuthority(maxPathLength: 0))
        Critical(KeyUsage(digitalSignature: true, keyCertSign: true))
        try ExtendedKeyUsage([.serverAuth])
        SubjectAlternativeNames(names.map(alternativeName))
      }, issuerPrivateKey: signer)
    return (try certificate.serializeAsPEM().pemString, key.pemRepresentation)
  }

  private static func alternativeName(_ name: String) -> GeneralName {
    guard let address = AddressBytes.parse(name) else { return .dnsName(name) }
    return .ipAddress(ASN1OctetString(contentBytes: address[...]))
  }

  private static func hexadecimal(_ bytes: [UInt8]) -> String {
    bytes.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
  }
}
