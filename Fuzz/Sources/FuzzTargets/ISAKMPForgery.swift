import Cryptography
import Primitives

@testable import IKE

/// Phase 2 messages as a peer that has the keys could send them.
enum ISAKMPForgery {
  /// A message whose first payload is the HASH that fits `rest`; `type` says what comes first in
  /// it.
  /// - Parameter isQuickMode: or an informational exchange.
  static func message(
    in sa: ISAKMPSA, isQuickMode: Bool, type: UInt8, _ rest: [UInt8],
    using random: inout SeededRandom
  ) -> [UInt8]? {
    guard let keys = sa.keys else { return nil }
    let header = ISAKMPHeader(
      cookies: sa.cookies, firstPayload: .hash,
      exchangeType: isQuickMode ? .quickMode : .informational, isEncrypted: true,
      messageID: random.nonZero())
    let hashBytes = keys.hash.digestLength + Payload.headerBytes
    var plaintext: [UInt8] = [type, 0, 0, UInt8(hashBytes)]
    plaintext += [UInt8](repeating: 0, count: keys.hash.digestLength) + rest
    sign(&plaintext, header, keys)
    let iv = keys.phase2IV(lastBlock: sa.iv, messageID: header.messageID)
    return header.message(with: keys.encrypt(plaintext, iv: iv).ciphertext)
  }

  /// Writes the HASH that makes a phase 2 message credible, where there is room for it.
  static func sign(_ plaintext: inout [UInt8], _ header: ISAKMPHeader, _ keys: ISAKMPKeys) {
    let end = Payload.headerBytes + keys.hash.digestLength
    guard header.messageID != 0, plaintext.count >= end,
      let chain = try? PayloadChain(
        parsing: plaintext, first: header.firstPayload, trailer: .padding),
      chain.lengthBytes >= end
    else { return }
    var writer = ByteWriter(capacityBytes: 4)
    writer.write(header.messageID)
    let hash = keys.authenticate([writer.bytes, Array(plaintext[end..<chain.lengthBytes])])
    plaintext.replaceSubrange(Payload.headerBytes..<end, with: hash)
  }
}
