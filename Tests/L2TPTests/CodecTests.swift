import Primitives
import Testing

@testable import L2TP

@Suite(.timeLimit(.minutes(5))) struct CodecTests {
  /// A conversation of xl2tpd 1.3.18 on both ends, as it went over the wire.
  static let captured = [
    "c802006b000000000000000080080000000000018008000000020100800a0000000300000003800a0000000400000000"
      + "0008000000060690801000000007756d6c2d636c69656e7400130000000878656c6572616e63652e636f6d80080000"
      + "0009293980080000000a0004",
    "c802006b293900000000000180080000000000028008000000020100800a0000000300000003800a0000000400000000"
      + "0008000000060690801000000007756d6c2d73657276657200130000000878656c6572616e63652e636f6d80080000"
      + "00099a7c80080000000a0004",
    "c80200149a7c0000000100018008000000000003",
    "c802000c2939000000010002",
    "c80200309a7c000000020001800800000000000a80080000000e024c800a0000000f00000001800a0000001200000000",
    "c802001c2939024c00010003800800000000000b80080000000ec271",
    "c802000c2939000000020003",
    "c80200329a7cc27100030002800800000000000c800a0000001800000000800a0000001300000001000a000000260000"
      + "0000",
    "c802000c2939024c00020004",
    "c802002e9a7c0000000400028008000000000004800800000009293980120000000100010000476f6f6462796521",
  ].map(hex)

  @Test func capturedMessagesParseAndWriteBack() throws {
    let types: [MessageType?] = [
      .sccrq, .sccrp, .scccn, nil, .icrq, .icrp, nil, .iccn, nil, .stopCCN,
    ]
    #expect(Self.captured.count == types.count)
    for (bytes, type) in zip(Self.captured, types) {
      let message = try ControlMessage(parsing: bytes)
      #expect(message.type == type)
      #expect(message.bytes == bytes)
    }
  }

  @Test func capturedSCCRQTellsWhoAsks() throws {
    let facts = try Tunnel.peekSCCRQ(Self.captured[0])
    #expect(facts.peer.hostName == "uml-client")
    #expect(facts.peer.vendorName == "xelerance.com")
    #expect(facts.peer.firmwareRevision == 0x0690)
    #expect(facts.peer.protocolVersion == 0x0100)
    #expect(facts.peer.receiveWindow == 4)
    #expect(facts.assignedTunnelID == 0x2939)
    #expect(facts.tieBreaker == nil)
    #expect(facts.challenge == nil)
  }

  @Test func capturedClientComesUpOnOurLNS() throws {
    var random = SeededRandom(seed: 3)
    var tunnel = Tunnel(
      accepting: TunnelConfiguration(hostName: "lns"), localID: 0x9a7c, at: .zero)
    var sent: [ControlMessage] = []
    for index in [0, 2, 4] {
      #expect(tunnel.receive(Self.captured[index], at: .zero, using: &random) == nil)
      while let bytes = tunnel.nextTransmit() { sent.append(try ControlMessage(parsing: bytes)) }
    }
    #expect(sent.map(\.type) == [.sccrp, nil, .icrp])
    #expect(sent.map(\.header.tunnelID) == [0x2939, 0x2939, 0x2939])
    #expect(sent.last?.header.sessionID == 0x024c)
    // The captured ICCN names the session id that the captured LNS had drawn.
    var iccn = Self.captured[7]
    let session = try #require(tunnel.snapshot.sessions.first?.localID)
    iccn[6] = UInt8(session >> 8)
    iccn[7] = UInt8(truncatingIfNeeded: session)
    #expect(tunnel.receive(iccn, at: .zero, using: &random) == nil)
    #expect(tunnel.snapshot.sessions.map(\.state) == [.established])
    #expect(tunnel.snapshot.sessions.first?.facts.callSerialNumber == 1)
    // Its StopCCN follows, with "Goodbye!".
    #expect(tunnel.receive(Self.captured[9], at: .zero, using: &random) == nil)
    var last: TunnelEvent?
    while let event = tunnel.nextEvent() { last = event }
    #expect(last?.closeReason == .peerClosed)
    #expect(last?.closeDetail?.resultCode?.text == "Goodbye!")
  }

  @Test func anyAVPsSurviveWritingAndParsing() throws {
    var random = SeededRandom(seed: 11)
    for _ in 0..<500 {
      var avps = [AVP(.messageType, UInt16.random(in: 0...20, using: &random))]
      for _ in 0..<Int.random(in: 0...8, using: &random) {
        avps.append(
          Sample.avp(
            vendor: UInt16.random(in: 0...2, using: &random),
            attribute: UInt16.random(in: 1...60, using: &random),
            random.bytes(Int.random(in: 0...300, using: &random)),
            isMandatory: Bool.random(using: &random), isHidden: Bool.random(using: &random),
            reserved: UInt8.random(in: 0...15, using: &random)))
      }
      let bytes = Sample.raw(
        tunnelID: random.nonZero(), sessionID: random.nonZero(), ns: random.nonZero(),
        nr: random.nonZero(), avps)
      let message = try ControlMessage(parsing: bytes)
      #expect(message.avps == avps)
      #expect(message.bytes == bytes)
    }
  }

  @Test func bytesBeyondTheLengthAreNoPartOfTheMessage() throws {
    let bytes = Self.captured[2] + [0xde, 0xad]
    #expect(try ControlMessage(parsing: bytes).bytes == Self.captured[2])
  }

  @Test func onlyTheRFCsAttributesAreMandatoryOrHideable() {
    for type in AttributeType.allCases where !type.mayBeHidden {
      let avp = AVP(type, [1, 2, 3])
      #expect(avp.hidden(with: Secret(text: "s"), randomVector: [1]) == avp)
    }
    #expect(AttributeType.allCases.filter(\.isMandatory).count == 25)
    #expect(AttributeType.allCases.filter { !$0.mayBeHidden }.count == 9)
  }

  @Test func resultCodesOfBothKindsSurvive() throws {
    for result in StopCCNResult.allCases {
      let code = ResultCode(stopCCN: result, error: .tryAnother, text: "why")
      let parsed = try #require(ResultCode(parsing: code.avp.value))
      #expect(parsed == code)
      #expect(parsed.stopCCNResult == result)
    }
    for result in CDNResult.allCases {
      let code = ResultCode(cdn: result)
      #expect(code.avp.value.count == 2)
      #expect(ResultCode(parsing: code.avp.value)?.cdnResult == result)
    }
  }

  @Test func disconnectCauseHasItsWireForm() throws {
    let cause = PPPDisconnectCause(
      .authenticationFailed, controlProtocol: 0xc223, direction: .atPeer, text: "no")
    #expect(cause.avp.value == hex("0010 c223 01 6e6f"))
    #expect(!cause.avp.isMandatory)
    #expect(PPPDisconnectCause(parsing: cause.avp.value) == cause)
    #expect(PPPDisconnectCause(parsing: hex("0010c223")) == nil)
  }
}
