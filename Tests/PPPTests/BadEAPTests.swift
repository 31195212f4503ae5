import Primitives
import Testing

@testable import PPP

/// EAP, which we do not speak: 56. LCP never agrees to it, its frames are refused within the budget or
/// dropped, whatever they hold, and nobody is let in by them.
@Suite(.timeLimit(.minutes(5))) struct BadEAPTests {
  private static let eap: [UInt8] = [0xC2, 0x27]

  /// An EAP packet: code, identifier, length, and what follows (RFC 3748 §4).
  private static func packet(
    _ code: UInt8, lengthBytes: Int? = nil, _ rest: [UInt8] = []
  ) -> [UInt8] {
    let length = lengthBytes ?? 4 + rest.count
    return [code, 7, UInt8(truncatingIfNeeded: length >> 8), UInt8(truncatingIfNeeded: length)]
      + rest
  }

  /// One frame of the list: what it is, and its bytes behind the protocol field.
  struct Frame: CustomTestStringConvertible, Sendable {
    var testDescription: String
    var bytes: [UInt8]

    init(_ name: String, _ bytes: [UInt8]) {
      testDescription = name
      self.bytes = bytes
    }
  }

  private static func filler(_ count: Int) -> [UInt8] { Array(repeating: 0x41, count: count) }

  static let lengths = [
    Frame("nothing", []), Frame("a code alone", [1]), Frame("three bytes", [1, 7, 0]),
    Frame("length 0", packet(1, lengthBytes: 0, [1])),
    Frame("length 3", packet(1, lengthBytes: 3, [1])),
    Frame("length beyond the frame", packet(2, lengthBytes: 0xFFFF, [1, 0x61])),
    Frame("length one beyond the frame", packet(1, lengthBytes: 6, [1])),
    Frame("length of the header alone", packet(1)),
  ]

  static let plain = [
    Frame("Identity request", packet(1, [1])),
    Frame("Identity response", packet(2, [1] + Array("anna".utf8))),
    Frame("Nak", packet(2, [3, 13])), Frame("Notification", packet(1, [2])),
    Frame("unknown code", packet(99, [1])), Frame("code 0", packet(0)),
    Frame("unknown type", packet(1, [200, 1, 2, 3])),
    Frame("expanded type", packet(1, [254, 0, 0x01, 0x37, 0, 0, 0, 1])),
  ]

  /// CVE-2020-8597: pppd copied the name behind an MD5-Challenge's value into 256 bytes.
  static let hostNames = [
    Frame("MD5 challenge with a name of 1,000 bytes", packet(1, [4, 16] + filler(16 + 1_000))),
    Frame("MD5 response with a name of 1,000 bytes", packet(2, [4, 16] + filler(16 + 1_000))),
    Frame("MD5 value longer than the packet", packet(1, [4, 255] + filler(3))),
    Frame("MD5 value of no bytes", packet(1, [4, 0] + filler(300))),
    Frame("SRP challenge without anything", packet(1, [19])),
  ]

  /// CVE-2026-39312 and CVE-2018-11574: lengths of EAP-TLS that are believed.
  static let tls = [
    Frame("announces 4 GB", packet(1, [13, 0xC0, 0xFF, 0xFF, 0xFF, 0xFF] + filler(64))),
    Frame("announces nothing", packet(1, [13, 0xC0, 0, 0, 0, 0] + filler(64))),
    Frame("announces 2 GB", packet(2, [13, 0x80, 0x7F, 0xFF, 0xFF, 0xFF, 1])),
    Frame("a length field of two bytes", packet(1, [13, 0x80, 0, 1])),
    Frame("more fragments, for ever", packet(1, [13, 0x40] + filler(1_000))),
    Frame("start and more at once", packet(1, [13, 0xE0, 0, 0, 0, 1])),
    Frame("no flags", packet(1, [13])),
  ]

  /// CVE-2026-25075: AVPs of EAP-TTLS shorter than their header.
  static let ttls = [
    Frame("AVP of 7 bytes", packet(2, [21, 0, 0, 0, 0, 1, 0x40, 0, 0, 7, 1, 2, 3])),
    Frame("AVP of no bytes", packet(2, [21, 0, 0, 0, 0, 1, 0x40, 0, 0, 0])),
    Frame("vendor AVP of 8 bytes", packet(2, [21, 0, 0, 0, 0, 1, 0xC0, 0, 0, 8])),
    Frame("AVP beyond the packet", packet(2, [21, 0, 0, 0, 0, 2, 0x40, 0xFF, 0xFF, 0xFF, 1])),
  ]

  /// CVE-2026-35330: an attribute of EAP-SIM without a length.
  static let sim = [
    Frame("SIM attribute of length 0", packet(1, [18, 10, 0, 0, 15, 0, 0, 0])),
    Frame("AKA attribute of length 0", packet(1, [23, 1, 0, 0, 1, 0, 0, 0])),
    Frame("SIM attribute beyond the packet", packet(1, [18, 10, 0, 0, 15, 255])),
  ]

  /// CVE-2026-75883: a response of PEAP as long as a frame can be.
  static let peap = [
    Frame("PEAP response of 1,490 bytes", packet(2, [25, 0] + filler(1_484))),
    Frame("PEAP response that says 65,535 bytes", packet(2, lengthBytes: 65_535, [25, 0x80])),
  ]

  static let outcomes = [
    Frame("Success", packet(3)), Frame("Failure", packet(4)),
    Frame("Success with more behind it", packet(3, [1, 2, 3])),
  ]

  /// What the frame does to a link that is up, and to both ends while they authenticate.
  private func expectRefusal(_ frame: Frame) {
    expectProtocolReject(frame, of: Bench.gatewayUp())
    expectSilence(frame, of: Bench.gatewayInAuthenticate())
    expectSilence(frame, of: Bench.clientInAuthenticate())
    expectSilence(frame, of: Bench.started(.gateway))
    expectSilence(frame, of: Bench.started(.client))
  }

  /// RFC 1661 §5.7: the Protocol-Reject names EAP and gives the frame back, cut to the MRU.
  private func expectProtocolReject(_ frame: Frame, of bench: Bench) {
    let before = bench.link.snapshot
    let answer = bench.receive(Self.eap + frame.bytes)
    #expect(answer.count == 1)
    let reject = answer.first.flatMap { Bench.packet($0, of: .lcp) }
    #expect(reject?.code == ControlCode.protocolReject.rawValue)
    #expect(reject?.data == Array((Self.eap + frame.bytes).prefix(1_500 - 4)))
    let after = bench.link.snapshot
    #expect(after.phase == .network && after.ipcpState == .opened && after.lcpState == .opened)
    #expect(after.network == before.network && after.user == before.user)
    #expect(bench.events.downs.isEmpty)
  }

  /// RFC 1661 §3.5: before the network phase nothing but LCP and the authentication is listened to.
  private func expectSilence(_ frame: Frame, of bench: Bench) {
    let before = (bench.link.snapshot, bench.events)
    #expect(bench.receive(Self.eap + frame.bytes).isEmpty)
    let after = bench.link.snapshot
    #expect(after.phase == before.0.phase && after.lcpState == before.0.lcpState)
    #expect(after.user == nil && after.network == nil)
    #expect(bench.events == before.1)
    #expect(after.violations[.beforeAuthentication] == 1)
    #expect(after.violations.total == before.0.violations.total + 1)
  }

  @Test(arguments: BadEAPTests.plain)
  func badInput56EAPThatNobodyNegotiatedIsRefused(_ frame: Frame) { expectRefusal(frame) }

  @Test(arguments: BadEAPTests.lengths)
  func badInput56AnEAPLengthBelow4OrBeyondTheFrameIsRefused(_ frame: Frame) {
    expectRefusal(frame)
  }

  @Test(arguments: BadEAPTests.hostNames)
  func badInput56ALongNameInEAPMD5IsRefused(_ frame: Frame) { expectRefusal(frame) }

  @Test(arguments: BadEAPTests.tls)
  func badInput56AnnouncedLengthsOfEAPTLSAreRefused(_ frame: Frame) { expectRefusal(frame) }

  @Test(arguments: BadEAPTests.ttls)
  func badInput56ShortAVPsOfEAPTTLSAreRefused(_ frame: Frame) { expectRefusal(frame) }

  @Test(arguments: BadEAPTests.sim)
  func badInput56AttributesOfEAPSIMWithoutLengthAreRefused(_ frame: Frame) {
    expectRefusal(frame)
  }

  @Test(arguments: BadEAPTests.peap)
  func badInput56ALargePEAPResponseIsRefused(_ frame: Frame) { expectRefusal(frame) }

  @Test(arguments: BadEAPTests.outcomes)
  func badInput56AnEAPSuccessThatComesTooEarlyLetsNobodyIn(_ frame: Frame) {
    expectRefusal(frame)
    for bench in [Bench.gatewayInAuthenticate(), Bench.clientInAuthenticate()] {
      for _ in 0..<50 { bench.receive(Self.eap + frame.bytes) }
      #expect(bench.link.snapshot.phase == .authenticate)
      #expect(bench.events.ups.isEmpty && bench.events.downs.isEmpty)
    }
  }

  @Test func badInput56AFloodOfEAPIsAnsweredAFewTimesASecondAndHoldsNothing() {
    let bench = Bench.gatewayUp()
    let sent = bench.sent.count
    let frames = Self.plain + Self.lengths + Self.hostNames + Self.tls + Self.ttls + Self.sim
    for number in 0..<10_000 {
      bench.receive(Self.eap + frames[number % frames.count].bytes)
    }
    #expect(bench.sent.count == sent + RejectBudget.countMax)
    #expect(bench.link.snapshot.violations[.rejectBudgetSpent] == 10_000 - 8)
    #expect(bench.link.snapshot.phase == .network)
    bench.advance(by: .seconds(1))
    #expect(bench.receive(Self.eap + Self.plain[0].bytes).count == 1)
    // Where the owner takes nothing, the queue has its limit all the same.
    let deaf = Bench.gatewayUp()
    for second in 1...100 {
      for frame in frames {
        deaf.link.receive(
          Self.eap + frame.bytes, at: deaf.now + .seconds(second), using: &deaf.random)
      }
    }
    #expect(deaf.link.transmissions.count <= PPPLink.transmissionsMax)
    deaf.drain()
    #expect(deaf.events.downs.isEmpty)
  }

  @Test func badInput56ARejectOfALongEAPFrameFitsThePeersMRU() {
    let bench = Bench.gatewayInNetworkWithSmallMRU()
    let answer = bench.receive(Self.eap + Self.peap[0].bytes)
    #expect(answer.map(\.count) == [2 + 576])
    #expect(answer.first?.prefix(3) == [0xC0, 0x21, 8])
    #expect(answer.first?.dropFirst(6).prefix(2) == [0xC2, 0x27])
  }

  /// The authentication that was agreed on goes on as if there had been no EAP.
  @Test func badInput56EAPBesideTheAgreedAuthenticationDoesNotDisturbIt() {
    var pair = LinkPair()
    pair.start()
    for frame in Self.plain + Self.outcomes {
      pair.gateway.receive(Self.eap + frame.bytes, at: pair.now, using: &pair.random)
      pair.client.receive(Self.eap + frame.bytes, at: pair.now, using: &pair.random)
    }
    pair.run(for: .seconds(5))
    #expect(pair.gatewayEvents.ups.count == 1)
    #expect(pair.clientEvents.ups.count == 1)
    #expect(pair.gatewayEvents.downs.isEmpty)
  }

  // LCP

  private static let option: [UInt8] = [3, 4, 0xC2, 0x27]

  @Test func badInput56AGatewayProvesItselfToNobodyByEAP() {
    let bench = Bench.started(.gateway)
    let answer = bench.receive(.lcp, .configureRequest, 1, Self.option)
    #expect(
      answer == [ControlPacket(.configureReject, identifier: 1, data: Self.option).frame(.lcp)])
  }

  @Test(arguments: [
    (AuthenticationProtocol.msCHAPv2, [3, 5, 0xC2, 0x23, 0x81] as [UInt8]),
    (.chapMD5, [3, 5, 0xC2, 0x23, 5]), (.pap, [3, 4, 0xC0, 0x23]),
  ])
  func badInput56AClientThatIsAskedForEAPOffersWhatItHas(
    method: AuthenticationProtocol, offer: [UInt8]
  ) {
    let bench = Bench.started(.client.with { $0.authentication = [method] })
    // With and without an algorithm behind the number, which EAP has not.
    for option in [Self.option, [3, 5, 0xC2, 0x27, 5]] {
      let answer = bench.receive(.lcp, .configureRequest, 1, option)
      #expect(answer == [ControlPacket(.configureNak, identifier: 1, data: offer).frame(.lcp)])
    }
    let open = Bench.started(.client.with { $0.authentication = [] })
    let answer = open.receive(.lcp, .configureRequest, 1, Self.option)
    #expect(answer.map { $0[2] } == [ControlCode.configureReject.rawValue])
  }

  @Test func badInput56AGatewayThatInsistsOnEAPIsLeft() {
    let bench = Bench.started(.client)
    bench.acknowledgeRequest(of: .lcp)
    for identifier in 1...100 as ClosedRange<UInt8> {
      let answer = bench.receive(.lcp, .configureRequest, identifier, Self.option)
      #expect(
        !answer.contains { $0.starts(with: [0xC0, 0x21, ControlCode.configureAck.rawValue]) })
    }
    #expect(bench.link.snapshot.lcpState != .opened)
    bench.advance(by: .seconds(100))
    #expect(bench.events.downs == [.negotiationFailed])
    #expect(bench.events.ups.isEmpty)
  }

  @Test func badInput56APeerThatNaksWithEAPIsNeverOfferedIt() throws {
    let methods: [AuthenticationProtocol] = [.msCHAPv2, .chapMD5, .pap]
    let bench = Bench.started(.gateway.with { $0.authentication = methods })
    var offered: [[UInt8]] = []
    for _ in 0..<10 where bench.events.downs.isEmpty {
      let request = try #require(bench.lastRequest(of: .lcp))
      offered += request.options.filter { $0.type == 3 }.map(\.value)
      bench.receive(.lcp, .configureNak, request.identifier, Self.option)
    }
    bench.advance(by: .seconds(10))
    #expect(Set(offered) == Set(methods.map(\.optionValue)))
    #expect(bench.events.downs == [.negotiationFailed])
  }
}
