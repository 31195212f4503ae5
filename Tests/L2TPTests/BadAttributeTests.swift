import Primitives
import Testing

@testable import L2TP

@Suite(.timeLimit(.minutes(5))) struct BadAttributeTests {
  private static let long = [UInt8](repeating: 0x41, count: AVP.valueBytesMax)

  @Test func badInput39ReservedBitsMakeAnAVPUnrecognised() {
    var ignored = Bench.at(.established)
    ignored.send(.hello, [Sample.avp(attribute: 8, [65], isMandatory: false, reserved: 1)])
    #expect(ignored.tunnel.phase == .established)
    var fatal = Bench.at(.established)
    let violation = fatal.send(.hello, [Sample.avp(attribute: 8, [65], reserved: 8)])
    #expect(violation == .unknownMandatoryAVP)
    #expect(fatal.lastResult?.error == .unknownMandatoryAVP)
  }

  @Test func badInput40LongestStringsAreCutTo255Bytes() throws {
    let avps = Sample.start.filter { $0.type != .hostName }
    let bytes = Sample.message(
      .sccrq, tunnelID: 0, ns: 0, nr: 0,
      avps: avps + [AVP(.hostName, Self.long), AVP(.vendorName, Self.long)])
    let facts = try Tunnel.peekSCCRQ(bytes)
    #expect(facts.peer.hostName.utf8.count == 255)
    #expect(facts.peer.vendorName.utf8.count == 255)
    var bench = Bench.at(.established)
    bench.acknowledge()
    bench.send(
      .icrq,
      Sample.good(.icrq)
        + [
          AVP(.callingNumber, Self.long), AVP(.calledNumber, Self.long),
          AVP(.subAddress, Self.long),
        ])
    bench.send(.iccn, to: bench.sessionID, Sample.good(.iccn) + [AVP(.privateGroupID, Self.long)])
    let session = try #require(bench.events.compactMap(\.sessionUp).first?.2)
    for text in [
      session.callingNumber, session.calledNumber, session.subAddress, session.privateGroupID,
    ] {
      #expect(text?.utf8.count == 255)
    }
  }

  @Test func badInput40NamesCannotForgeLogLines() throws {
    let avps = Sample.start.filter { $0.type != .hostName }
    let name: [UInt8] = [0x61, 0x0a, 0x1b, 0x5b, 0x00, 0xff, 0xe2, 0x80, 0xae, 0x62]
    let bytes = Sample.message(
      .sccrq, tunnelID: 0, ns: 0, nr: 0, avps: avps + [AVP(.hostName, name)])
    let facts = try Tunnel.peekSCCRQ(bytes)
    #expect(facts.peer.hostName == "a\u{fffd}\u{fffd}[\u{fffd}\u{fffd}\u{fffd}b")
  }

  private let secret = Secret(text: "tunnel secret")
  private let randomVector = [UInt8](0..<16)

  private func hiddenChallenge(_ value: [UInt8]) -> AVP {
    Sample.avp(attribute: AttributeType.challenge.rawValue, value, isHidden: true)
  }

  @Test func badInput41HiddenAVPThatCannotBeRevealed() {
    let good = AVP(.challenge, [1, 2, 3]).hidden(with: secret, randomVector: randomVector)
    let vector = AVP(.randomVector, randomVector)
    // 16 bytes that decipher to the length 0xffff.
    let lengthTooLong = hiddenChallenge(hex("cb08c3823b9486c4cdbe8531ecf13480"))
    let cases: [([AVP], hasSecret: Bool)] = [
      ([good], true), ([AVP(.randomVector), good], true), ([vector, good], false),
      ([good, vector], true), ([vector, lengthTooLong], true),
      ([vector, hiddenChallenge([])], true),
      ([vector, hiddenChallenge([1])], true),
    ]
    for (avps, hasSecret) in cases {
      var bench = Bench(.lns) { $0.secret = hasSecret ? secret : nil }
      let violation = bench.send(.sccrq, Sample.start + avps)
      #expect(violation == .malformedAVP)
      #expect(bench.lastResult?.error == .valueOutOfRange)
      #expect(bench.tunnel.phase == .stopped)
    }
    var bench = Bench(.lns) { $0.secret = secret }
    bench.send(.sccrq, Sample.start + [vector, good])
    #expect(bench.tunnel.phase == .waitCtlConn)
  }

  @Test func badInput41HiddenWhereTheRFCForbidsIt() {
    let hostName = Sample.avp(
      attribute: AttributeType.hostName.rawValue, Array(repeating: 1, count: 16), isHidden: true)
    var bench = Bench(.lns) { $0.secret = secret }
    let avps = Sample.start.filter { $0.type != .hostName }
    bench.send(.sccrq, avps + [AVP(.randomVector, randomVector), hostName])
    #expect(bench.tunnel.phase == .stopped)
  }

  @Test func badInput41UnrevealableAVPWithoutTheMBitIsIgnored() {
    var bench = Bench(.lns)
    let vendorName = Sample.avp(
      attribute: AttributeType.vendorName.rawValue, [1], isMandatory: false, isHidden: true)
    bench.send(.sccrq, Sample.start + [vendorName])
    #expect(bench.tunnel.phase == .waitCtlConn)
    #expect(bench.tunnel.peer?.vendorName == "")
  }

  /// An LNS with one established session, and the CDN that ends it.
  private func end(_ avps: [AVP]) -> CloseDetail? {
    var bench = Bench.at(.established)
    bench.acknowledge()
    bench.send(.icrq)
    bench.send(.iccn, to: bench.sessionID)
    bench.send(.cdn, to: bench.sessionID, avps)
    #expect(bench.tunnel.snapshot.sessions.isEmpty)
    return bench.events.compactMap(\.sessionEnd).first?.2
  }

  @Test func badInput42Q931CauseTooShortOrLong() {
    for count in 0...2 {
      let cause = Sample.avp(attribute: 12, Array(repeating: 1, count: count))
      #expect(end([cause])?.q931Cause == nil)
    }
    #expect(end([Sample.avp(attribute: 12, hex("0010 45"))])?.q931Cause?.code == 16)
    let text = end([Sample.avp(attribute: 12, Self.long)])?.q931Cause?.text
    #expect(text?.utf8.count == 255)
  }

  @Test func badInput42ResultCodesOfEveryLengthEndTheSession() {
    #expect(end([])?.resultCode == nil)
    #expect(end([Sample.avp(attribute: 1, [1])])?.resultCode == nil)
    #expect(end([Sample.avp(attribute: 1, [0, 3])])?.resultCode?.cdnResult == .administrative)
    let threeBytes = end([Sample.avp(attribute: 1, [0, 3, 0])])?.resultCode
    #expect(threeBytes?.cdnResult == .administrative)
    #expect(threeBytes?.error == nil)
    let message = end([Sample.avp(attribute: 1, [0, 2, 0, 6] + Self.long.prefix(900))])?.resultCode
    #expect(message?.text.utf8.count == 255)
    #expect(message?.error == .vendorSpecific)
  }

  @Test func badInput42ByteSwappedResultOfAppleIsUnderstood() {
    let swapped = end([Sample.avp(attribute: 1, [3, 0, 6, 0])])?.resultCode
    #expect(swapped?.cdnResult == .administrative)
    #expect(swapped?.error == .vendorSpecific)
    #expect(swapped?.wasByteSwapped == true)
    var bench = Bench.at(.established)
    bench.send(
      .stopCCN, [AVP(.assignedTunnelID, Bench.remoteID), Sample.avp(attribute: 1, [6, 0])])
    #expect(bench.events.last?.closeDetail?.resultCode?.stopCCNResult == .shuttingDown)
  }

  @Test func badInput42StopCCNWithoutAnyGoodAVPStillStops() {
    var bench = Bench.at(.established)
    bench.send(.stopCCN, [Sample.avp(attribute: 1, [1]), Sample.avp(attribute: 9, [])])
    #expect(bench.tunnel.phase == .stopped)
    #expect(bench.events.map(\.closeReason) == [.peerClosed])
  }

  @Test func badInput43UnknownMessageType() {
    for number in [0, 5, 13, 17, 0xffff] as [UInt16] {
      for isMandatory in [true, false] {
        var bench = Bench.at(.established)
        var type = AVP(.messageType, number)
        type.isMandatory = isMandatory
        let violation = bench.receive(Sample.raw(tunnelID: Bench.localID, ns: 2, nr: 1, [type]))
        #expect(violation == (isMandatory ? .unknownMessageType : nil))
        #expect(bench.tunnel.phase == (isMandatory ? .stopped : .established))
      }
    }
  }

  @Test func badInput43UnknownVendorAVPInATunnelMessage() {
    let ignored = Sample.avp(vendor: 9, attribute: 1, [1], isMandatory: false)
    let fatal = Sample.avp(vendor: 9, attribute: 1, [1])
    var kept = Bench(.lns)
    kept.send(.sccrq, Sample.start + [ignored])
    #expect(kept.tunnel.phase == .waitCtlConn)
    var stopped = Bench(.lns)
    stopped.send(.sccrq, Sample.start + [fatal])
    #expect(stopped.lastResult?.error == .unknownMandatoryAVP)
    #expect(stopped.lastResult?.text == "vendor 9 attribute 1")
  }

  @Test func badInput43UnknownVendorAVPInASessionMessageEndsTheSessionOnly() {
    let fatal = Sample.avp(vendor: 9, attribute: 1, [1])
    var bench = Bench.at(.established)
    bench.acknowledge()
    bench.send(.icrq, Sample.good(.icrq) + [fatal])
    #expect(bench.sentTypes.last == .cdn)
    #expect(bench.lastResult?.cdnResult == .generalError)
    #expect(bench.lastResult?.error == .unknownMandatoryAVP)
    bench.send(.icrq)
    bench.send(.iccn, to: bench.sessionID, Sample.good(.iccn) + [fatal])
    #expect(bench.events.compactMap(\.sessionEnd).map(\.1) == [.negotiationFailed])
    #expect(bench.tunnel.phase == .established)
  }

  @Test func badInput43RequiredAVPMissing() {
    for type in [MessageType.sccrq, .sccrp, .icrq, .icrp, .iccn] {
      for missing in Sample.good(type).indices {
        var avps = Sample.good(type)
        let gone = avps.remove(at: missing)
        let role: TunnelRole = type == .sccrp || type == .icrp ? .lac : .lns
        var bench: Bench
        switch type {
        case .sccrq, .sccrp: bench = Bench(role)
        default:
          bench = .at(.established, role)
          bench.acknowledge()
          if role == .lac {
            try? bench.tunnel.openSession(localID: 5, at: bench.now, using: &bench.random)
            bench.drain()
          }
          if type == .iccn { bench.send(.icrq) }
        }
        bench.events = []
        let violation = bench.send(type, to: type == .icrq ? 0 : bench.sessionID, avps)
        let note = Comment(rawValue: "\(type) without \(gone.attribute)")
        #expect(violation == .missingAVP, note)
        #expect(bench.tunnel.snapshot.sessions.isEmpty, note)
        #expect(!bench.events.contains { $0.isEstablished || $0.sessionUp != nil }, note)
      }
    }
  }

  @Test func badInput43WrongLengthsOfNumbers() {
    for type in [AttributeType.protocolVersion, .framingCapabilities, .assignedTunnelID] {
      for count in [0, 1, 3, 5, 8] {
        var bench = Bench(.lns)
        let avps = Sample.start.filter { $0.type != type }
        let violation = bench.send(.sccrq, avps + [AVP(type, Array(repeating: 1, count: count))])
        #expect(violation == .malformedAVP)
        #expect(bench.tunnel.phase == .stopped)
      }
    }
    // RFC 2661 §7.1's own example: recoverable, because Rx Connect Speed is not mandatory.
    var bench = Bench.at(.established)
    bench.acknowledge()
    bench.send(.icrq)
    bench.send(.iccn, to: bench.sessionID, Sample.good(.iccn) + [AVP(.rxConnectSpeed, UInt16(9))])
    #expect(bench.events.compactMap(\.sessionUp).first?.2.rxConnectSpeedBPS == nil)
  }

  @Test func unsupportedProtocolVersionIsToldTheHighest() {
    var bench = Bench(.lns)
    let avps = Sample.start.filter { $0.type != .protocolVersion }
    bench.send(.sccrq, avps + [AVP(.protocolVersion, UInt16(0x0200))])
    #expect(bench.lastResult?.stopCCNResult == .unsupportedVersion)
    #expect(bench.lastResult?.error?.rawValue == 0x0100)
    var later = Bench(.lns)
    later.send(.sccrq, avps + [AVP(.protocolVersion, UInt16(0x0107))])
    #expect(later.tunnel.phase == .waitCtlConn)
  }
}
