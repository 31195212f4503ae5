import Primitives
import Testing

@testable import L2TP

@Suite(.timeLimit(.minutes(5))) struct HidingTests {
  private let secret = Secret(text: "tunnel secret")
  private let randomVector = [UInt8](0..<16)

  @Test func hiddenValueEqualsTheHandComputedOne() {
    let avp = AVP(.callingNumber, text: "5551234")
    let hidden = avp.hidden(with: secret, randomVector: randomVector)
    #expect(hidden.isHidden)
    #expect(hidden.value == hex("e6e3b294de5940c575"))
    #expect(hidden.revealed(with: secret, randomVector: randomVector) == avp)
  }

  @Test func longPaddedValueEqualsTheHandComputedOne() {
    let avp = AVP(.proxyAuthenResponse, text: "a response of more than one chunk of sixteen")
    let hidden = avp.hidden(
      with: secret, randomVector: randomVector, padding: Array(repeating: 0xaa, count: 5))
    #expect(
      hidden.value
        == hex(
          "551ba6cb62faa4d048f153fbc2afa584c146ec06e433864e5fa96e6853081184"
            + "db5296b4b27ee4eedc46bf2c31fab98cf70304"))
    #expect(hidden.revealed(with: secret, randomVector: randomVector) == avp)
  }

  @Test func everyLengthSurvivesHiding() {
    var random = SeededRandom(seed: 5)
    for lengthBytes in 0...AVP.valueBytesMax {
      let avp = AVP(.callingNumber, random.bytes(lengthBytes))
      let hidden = avp.hidden(
        with: secret, randomVector: randomVector, padding: random.bytes(lengthBytes % 20))
      #expect(hidden.value.count <= AVP.valueBytesMax)
      #expect(hidden.isHidden == (lengthBytes <= AVP.valueBytesMax - 2))
      guard hidden.isHidden else { continue }
      #expect(hidden.revealed(with: secret, randomVector: randomVector) == avp)
    }
  }

  @Test func hiddenTunnelComesUpLikeAClearOne() {
    var lac = TunnelConfiguration(hostName: "lac")
    lac.secret = secret
    lac.hideAVPs = true
    lac.requiresTunnelAuthentication = true
    var lns = lac
    lns.hostName = "lns"
    var pair = Pair(lac: lac, lns: lns)
    pair.openSession(9)
    pair.run(for: .seconds(1))
    #expect(pair.lac.phase == .established)
    #expect(pair.lnsEvents.compactMap(\.sessionUp).map(\.1) == [9])
    let hiddenCount = pair.sent.flatMap(\.message.avps).count { $0.isHidden }
    #expect(hiddenCount == 7)
    let vectorsFirst = pair.sent.allSatisfy { sent in
      guard let hidden = sent.message.avps.firstIndex(where: \.isHidden) else { return true }
      return sent.message.avps[..<hidden].contains { $0.type == .randomVector }
    }
    #expect(vectorsFirst)
  }

  @Test func peekFindsAHiddenTunnelIDWithTheSecretOnly() throws {
    let hidden = AVP(.assignedTunnelID, UInt16(77)).hidden(
      with: secret, randomVector: randomVector)
    var avps = Sample.start.filter { $0.type != .assignedTunnelID }
    avps += [AVP(.randomVector, randomVector), hidden]
    let bytes = Sample.message(.sccrq, tunnelID: 0, ns: 0, nr: 0, avps: avps)
    #expect(try Tunnel.peekSCCRQ(bytes).assignedTunnelID == nil)
    #expect(try Tunnel.peekSCCRQ(bytes).peer.hostName == "peer.example")
    #expect(try Tunnel.peekSCCRQ(bytes, secret: secret).assignedTunnelID == 77)
  }
}
