import Primitives
import Testing

@testable import Settings

@Suite(.timeLimit(.minutes(5))) struct TextFormTests {
  @Test(arguments: [
    ("0s", 0), ("60s", 60_000), ("10m", 600_000), ("1h30m", 5_400_000), ("500ms", 500),
    ("1d", 86_400_000), ("1m30s250ms", 90_250), ("999999999s", 999_999_999_000),
  ])
  func durationsCarryUnits(text: String, milliseconds: Int64) {
    #expect(DurationText.parse(text) == .milliseconds(milliseconds))
  }

  @Test(arguments: [
    "", "60", "s", "1.5s", "-1s", "1m1h", "1s1s", "1 s", "1S", "1000000000s", "1h30", "٣s",
  ])
  func whatIsNoDurationIsNone(text: String) {
    #expect(DurationText.parse(text) == nil)
  }

  @Test func aDurationWrittenIsReadBack() {
    for milliseconds: Int64 in [0, 1, 999, 1_000, 59_999, 90_000, 86_400_000, 172_800_001] {
      let text = DurationText.show(.milliseconds(milliseconds))
      #expect(DurationText.parse(text) == .milliseconds(milliseconds))
    }
    #expect(DurationText.show(.seconds(86_400)) == "24h")
    #expect(DurationText.show(.seconds(150)) == "2m30s")
  }

  @Test(arguments: [
    ("250MB", 250_000_000), ("1GiB", 1 << 30), ("1kB", 1_000), ("1KB", 1_000), ("7B", 7),
    ("0B", 0),
  ])
  func sizesCarryUnits(text: String, bytes: UInt64) {
    #expect(SizeText.parse(text) == bytes)
    #expect(SizeText.parse(SizeText.show(bytes)) == bytes)
  }

  @Test(arguments: ["", "250", "MB", "1.5MB", "-1B", "1 MB", "999999999TiB", "1mb"])
  func whatIsNoSizeIsNone(text: String) {
    #expect(SizeText.parse(text) == nil)
  }

  @Test func aBlockLeavesOutItsNetworkAndBroadcastAddress() {
    #expect(AddressRange("10.9.0.0/24")?.description == "10.9.0.1-10.9.0.254")
    #expect(AddressRange("10.9.0.0/30")?.count == 2)
    #expect(AddressRange("10.9.0.0/31")?.count == 2)
    #expect(AddressRange("10.9.0.7/32")?.description == "10.9.0.7-10.9.0.7")
    #expect(AddressRange("0.0.0.0/0")?.count == 4_294_967_294)
    #expect(AddressRange("10.9.0.9-10.9.0.9")?.count == 1)
    for text in ["10.9.0.1/24", "10.9.0.9-10.9.0.8", "::/64", "10.9.0.0", "a-b", "1.1.1.1-"] {
      #expect(AddressRange(text) == nil, "\(text)")
    }
  }

  @Test func peersAreAnyAddressesOrBlocks() throws {
    #expect(try Form<PeerSelector>.peer.parse("any") == .any)
    #expect(try Form<PeerSelector>.peer.parse("2001:db8::1").specificAddress != nil)
    let block = try Form<PeerSelector>.peer.parse("192.0.2.0/24")
    #expect(block.matches(.v4(IPv4Address(192, 0, 2, 7))))
    #expect(!block.matches(.v4(IPv4Address(192, 0, 3, 7))))
    #expect(block.specificAddress == nil)
    for text in ["vpn.example.org", "192.0.2.1/24", "192.0.2.0/33", ""] {
      #expect(throws: FormProblem.self) { try Form<PeerSelector>.peer.parse(text) }
    }
  }

  @Test func algorithmsWrittenAreReadBack() {
    for text in ["aes256-sha256-modp2048", "3des-md5-modp1024", "aes128-sha384-ecp256"] {
      #expect(ISAKMPProposal(text)?.description == text)
    }
    for text in ["aes256-sha256", "aes128gcm16", "3des-md5"] {
      #expect(ESPTransform(text)?.description == text)
    }
    #expect(ISAKMPProposal("3des-sha1-modp2048")?.isLegacy == true)
    #expect(ISAKMPProposal("aes256-sha1-modp2048")?.isLegacy == false)
  }
}
