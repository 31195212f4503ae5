import Cryptography

/// Proves to a webhook's owner that a delivery is ours and fresh.
///
/// `t=SECONDS,v1=HEX`: HMAC-SHA256 under the webhook's key over `SECONDS.BODY`.
enum WebhookSignature {
  static let headerName = "X-Drawbridge-Signature"

  static func header(body: [UInt8], secret: String, at seconds: Int64) -> String {
    let stamp = "\(seconds)"
    let code = HashAlgorithm.sha256.hmac(
      key: Array(secret.utf8), Array("\(stamp).".utf8), body)
    let hex = code.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
    return "t=\(stamp),v1=\(hex)"
  }
}
