import Cryptography
import Primitives

// Hiding of AVP attribute values (RFC 2661 §4.3): the value, preceded by its length and followed
// by padding, is XORed with a chain of MD5 digests over the shared secret.

extension AVP {
  private static let chunkBytes = 16
  private static let lengthFieldBytes = 2

  /// This AVP with its value hidden, or unchanged where the RFC forbids hiding or the hidden form
  /// would not fit.
  ///
  /// - Parameters:
  ///   - randomVector: the value of the Random Vector AVP that precedes it in the message.
  ///   - padding: random bytes that mask the length; cut to what fits.
  public func hidden(
    with secret: Secret, randomVector: [UInt8], padding: [UInt8] = []
  ) -> AVP {
    let roomBytes = Self.valueBytesMax - Self.lengthFieldBytes - value.count
    guard let type, type.mayBeHidden, !isHidden, roomBytes >= 0 else { return self }
    var writer = ByteWriter(capacityBytes: value.count + padding.count + Self.lengthFieldBytes)
    writer.write(UInt16(truncatingIfNeeded: value.count))
    writer.write(value)
    writer.write(Array(padding.prefix(roomBytes)))
    var result = self
    result.isHidden = true
    result.value = Self.chained(
      writer.bytes, attribute: attribute, secret: secret, randomVector: randomVector,
      feedback: .output)
    return result
  }

  /// This AVP in the clear; `nil` when the revealed length field exceeds what was sent, which is
  /// what a wrong secret looks like.
  public func revealed(with secret: Secret, randomVector: [UInt8]) -> AVP? {
    let subformat = Self.chained(
      value, attribute: attribute, secret: secret, randomVector: randomVector, feedback: .input)
    var reader = ByteReader(subformat)
    guard let lengthBytes = reader.readUInt16(), let clear = reader.readBytes(Int(lengthBytes))
    else { return nil }
    var result = self
    result.isHidden = false
    result.value = clear
    return result
  }

  /// Which side of the XOR is ciphertext and therefore enters the next digest.
  private enum Feedback { case input, output }

  /// b1 = MD5(AV + S + RV), bi = MD5(S + c(i-1)); every chunk is XORed with its b.
  private static func chained(
    _ bytes: [UInt8], attribute: UInt16, secret: Secret, randomVector: [UInt8], feedback: Feedback
  ) -> [UInt8] {
    let attributeBytes = [UInt8(attribute >> 8), UInt8(truncatingIfNeeded: attribute)]
    return secret.withBytes { secretBytes in
      var mask = HashAlgorithm.md5.digest(attributeBytes, secretBytes, randomVector)
      var result: [UInt8] = []
      result.reserveCapacity(bytes.count)
      var rest = bytes[...]
      while !rest.isEmpty {
        let chunk = rest.prefix(chunkBytes)
        let mixed = zip(chunk, mask).map { $0 ^ $1 }
        result += mixed
        rest = rest.dropFirst(chunkBytes)
        mask = HashAlgorithm.md5.digest(
          secretBytes, feedback == .output ? mixed : Array(chunk))
      }
      return result
    }
  }
}
