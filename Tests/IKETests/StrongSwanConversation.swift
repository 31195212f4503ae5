import Cryptography
import Primitives
import Testing

@testable import IKE

/// Main mode and quick mode of another daemon, byte for byte, with the keys that it computed: what
/// both our ends get wrong in the same way shows here.
struct StrongSwanConversation: Sendable, CustomTestStringConvertible {
  var name: String
  var transform: ISAKMPTransform
  var espTransform: ESPTransform?
  var isOverIPv6: Bool
  /// All keys are hexadecimal.
  var shared: String
  var skeyid: String
  var skeyidD: String
  var skeyidA: String
  var skeyidE: String
  var cipherKey: String
  var firstVector: String
  var quickModeGroup: KeyExchangeGroup? = nil
  var quickModeShared: String? = nil
  var initiatorSPI: UInt32
  var responderSPI: UInt32
  var encryptionInitiator: String
  var encryptionResponder: String
  var integrityInitiator = ""
  var integrityResponder = ""
  /// Six of main mode and three of quick mode, without the non-ESP marker.
  var messages: String

  var testDescription: String { name }

  var datagrams: [[UInt8]] { messages.split(separator: "\n\n").map { hexadecimal(String($0)) } }

  var initiatorAddress: IPAddress {
    isOverIPv6
      ? .v6(IPv6Address(high: 0x2001_0DB8_0001_0000, low: 1)) : .v4(IPv4Address(192, 0, 2, 1))
  }

  var responderAddress: IPAddress {
    isOverIPv6
      ? .v6(IPv6Address(high: 0x2001_0DB8_0002_0000, low: 2)) : .v4(IPv4Address(198, 51, 100, 2))
  }

  func header(_ index: Int) throws -> ISAKMPHeader {
    try ISAKMPHeader(parsing: try #require(datagrams.dropFirst(index).first))
  }

  func body(_ index: Int) throws -> [UInt8] {
    Array(try #require(datagrams.dropFirst(index).first).dropFirst(ISAKMPHeader.lengthBytes))
  }

  /// The payloads of one of the four messages in the clear.
  func clearChain(_ index: Int) throws -> PayloadChain {
    try PayloadChain(
      parsing: try body(index), first: try header(index).firstPayload, trailer: .none)
  }

  func material() throws -> ISAKMPKeys.Material {
    let (third, fourth) = (try clearChain(2), try clearChain(3))
    return ISAKMPKeys.Material(
      nonceInitiator: try third.single(.nonce), nonceResponder: try fourth.single(.nonce),
      publicInitiator: try third.single(.keyExchange),
      publicResponder: try fourth.single(.keyExchange))
  }

  func keys() throws -> ISAKMPKeys {
    ISAKMPKeys(
      transform: transform, preSharedKey: Secret(text: "correct horse"),
      shared: Secret(hexadecimal(shared)), cookies: try header(1).cookies,
      material: try material())
  }

  /// A decrypted message of main mode, and the next vector.
  func opened(_ index: Int, iv: [UInt8]) throws -> (chain: PayloadChain, iv: [UInt8]) {
    let opened = try keys().decrypt(try body(index), iv: iv)
    let chain = try PayloadChain(
      parsing: opened.plaintext, first: try header(index).firstPayload, trailer: .padding)
    return (chain, opened.iv)
  }

  /// The initiator's ISAKMP SA as it stands after main mode.
  func sa() throws -> ISAKMPSA {
    let path = Path(
      local: SocketAddress(initiatorAddress, port: 4500),
      remote: SocketAddress(responderAddress, port: 4500), floated: true)
    var sa = ISAKMPSA(
      id: ISAKMPSAID(value: 1), role: .initiator, cookies: try header(1).cookies, path: path,
      policy: Setup().isakmp, preSharedKey: Secret(text: "correct horse"), at: .zero)
    let keys = try keys()
    sa.keys = keys
    let fifth = try opened(4, iv: keys.phase1IV(try material()))
    sa.iv = try opened(5, iv: fifth.iv).iv
    return sa
  }
}
