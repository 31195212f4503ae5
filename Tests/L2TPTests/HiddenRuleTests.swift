import Cryptography
import Primitives
import Testing

@testable import L2TP

/// What a peer that knows the secret may still not do.
@Suite(.timeLimit(.minutes(5))) struct HiddenRuleTests {
  private let secret = Secret(text: "tunnel secret")
  private let vector = [UInt8](0..<16)

  private func attributes(_ avps: [AVP]) throws -> Attributes {
    let body = ControlMessage.body(of: [AVP(.messageType, MessageType.icrq.rawValue)] + avps)
    let header = ControlHeader(tunnelID: 1, sessionID: 0, ns: 0, nr: 0, lengthBytes: 0)
    let message = try ControlMessage(parsing: ControlMessage.bytes(header: header, body: body))
    return Attributes(message, secret: secret)
  }

  /// (RFC 2661 §4.3)
  @Test func aHiddenValueNeedsARandomVectorBeforeIt() throws {
    let clear = AVP(.callingNumber, text: "5551234")
    let bare = try attributes([clear.hidden(with: secret, randomVector: [])])
    #expect(bare.bytes(.callingNumber) == nil)
    #expect(bare.failure != nil)
    let right = try attributes([
      AVP(.randomVector, vector), clear.hidden(with: secret, randomVector: vector),
    ])
    #expect(right.bytes(.callingNumber) == clear.value)
    #expect(right.failure == nil)
  }

  /// The host name decides about the profile, and so about the secret itself (RFC 2661 §4.4.3).
  @Test func whatMayNotBeHiddenIsNotReadHidden() throws {
    let type = AttributeType.hostName.rawValue
    let mask = secret.withBytes {
      HashAlgorithm.md5.digest([UInt8(type >> 8), UInt8(type & 0xff)], $0, vector)
    }
    var hidden = AVP(.hostName, zip([0, 3] + Array("lns".utf8), mask).map { $0 ^ $1 })
    hidden.isHidden = true
    let read = try attributes([AVP(.randomVector, vector), hidden])
    #expect(read.bytes(.hostName) == nil)
    #expect(read.failure != nil)
  }

  @Test func aMessageThatCameBeforeIsACopyAndIsNotKept() throws {
    var channel = ReliableChannel(
      firstWait: .seconds(1), waitMax: .seconds(8), receiveWindow: 4)
    let header = ControlHeader(tunnelID: 1, sessionID: 0, ns: 0, nr: 0, lengthBytes: 20)
    let first = try channel.receive(header, at: .zero)
    let second = try channel.receive(header, at: .zero)
    #expect(first == .deliver)
    #expect(second == .duplicate)
  }

  @Test func anSCCRQForATunnelIsNone() throws {
    var random = SeededRandom(seed: 1)
    var tunnel = Tunnel(
      opening: TunnelConfiguration(hostName: "client"), localID: 5, at: .zero, using: &random)
    let sent = tunnel.nextTransmit()
    var message = try #require(sent)
    #expect(try Tunnel.peekSCCRQ(message).assignedTunnelID == 5)
    message[5] = 9
    #expect(throws: Violation.tunnelID) { try Tunnel.peekSCCRQ(message) }
  }
}
