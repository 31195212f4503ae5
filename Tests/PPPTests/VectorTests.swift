import Cryptography
import Primitives
import Testing

@testable import PPP

/// RFC 2759 §9.2: user "User", password "clientPass".
@Suite(.timeLimit(.minutes(5))) struct MSCHAPv2VectorTests {
  let userName = Array("User".utf8)
  let password = Secret(text: "clientPass")
  let challenge = hex("5B5D7C7D7B3F2F3E3C2C602132262628")
  let peerChallenge = hex("21402324255E262A28295F2B3A337C7E")
  let ntResponse = hex("82309ECD8D708B5EA08FAA3981CD83544233114A3D85D6DF")

  @Test func theHashesAreThoseOfTheRFC() {
    let hash = MSCHAPv2.challengeHash(
      peerChallenge: peerChallenge, authenticatorChallenge: challenge, userName: userName)
    #expect(hash == hex("D02E4386BCE91226"))
    #expect(MSCHAPv2.ntPasswordHash(password) == hex("44EBBA8D5312B8D611474411F56989AE"))
    let hashHash = LegacyPPP.md4(MSCHAPv2.ntPasswordHash(password))
    #expect(hashHash == hex("41C00C584BD2D91C4017A2A12FA59F3F"))
  }

  @Test func theResponsesAreThoseOfTheRFC() {
    let response = MSCHAPv2.ntResponse(
      authenticatorChallenge: challenge, peerChallenge: peerChallenge, userName: userName,
      password: password)
    #expect(response == ntResponse)
    let proof = MSCHAPv2.authenticatorResponse(
      password: password, ntResponse: ntResponse, peerChallenge: peerChallenge,
      authenticatorChallenge: challenge, userName: userName)
    #expect(proof == Array("S=407A5589115FD0D6209F510FE9C04566932CDA56".utf8))
  }

  @Test(arguments: ["User", "DOMAIN\\User", "A\\B\\User"])
  func aDomainBeforeTheNameDoesNotEnterTheHash(name: String) {
    let request = AuthenticationRequest(
      ticket: 1, userName: Array(name.utf8),
      material: .msCHAPv2(
        identifier: 1, challenge: challenge, peerChallenge: peerChallenge, ntResponse: ntResponse))
    let proof = Array("S=407A5589115FD0D6209F510FE9C04566932CDA56".utf8)
    #expect(request.verify(password: password) == .accepted(authenticatorResponse: proof))
    #expect(request.verify(password: Secret(text: "clientpass")) == .refused)
    #expect(request.userNameWithoutDomain == userName)
  }

  @Test func aPasswordOutsideASCIIIsHashedAsUTF16() {
    let hash = MSCHAPv2.ntPasswordHash(Secret(text: "é€😀"))
    #expect(hash == LegacyPPP.md4(hex("e900 ac20 3dd8 00de")))
  }
}

@Suite(.timeLimit(.minutes(5))) struct CHAPMD5VectorTests {
  @Test func theResponseIsTheDigestOverIdentifierPasswordAndChallenge() {
    let request = AuthenticationRequest(
      ticket: 1, userName: [],
      material: .chapMD5(
        identifier: UInt8(ascii: "m"), challenge: Array("digest".utf8),
        response: hex("f96b697d7cb7938d525a2f31aaf161d0")))
    // MD5("message digest") of RFC 1321 §A.5, cut into the three parts of RFC 1994 §4.1.
    #expect(request.verify(password: Secret(text: "essage ")) == .accepted())
    #expect(request.verify(password: Secret(text: "essage")) == .refused)
  }

  @Test func papComparesThePasswordItself() {
    let request = AuthenticationRequest(
      ticket: 1, userName: [], material: .pap(password: Secret(text: "pw")))
    #expect(request.verify(password: Secret(text: "pw")) == .accepted())
    #expect(request.verify(password: Secret(text: "pW")) == .refused)
    #expect(!"\(request)".contains("pw\""))
  }
}

/// A conversation of xl2tpd and pppd 2.4.9, user1 with password pass1, decrypted.
@Suite(.timeLimit(.minutes(5))) struct CapturedPPPDTests {
  let clientRequest = hex("c0210101001401040578020600000000050669eb9de8")
  let serverRequest = hex("c02101010019010405780206000000000305c223810506df8ffd6d")
  let challenge = hex("c22301fd001f105c719c5e1f33201956a4509c528644c26c61622d736572766572")
  let response = hex(
    """
    c22302fd003b31d2597e8e39a73474cebbc74019028bf300000000000000008ad06dce72691a915ccaf9b28da18b
    98e1210c551d31feb5007573657231
    """)
  let success = hex(
    """
    c22303fd003f533d38333533313742394134424431443541423142303730413430414637383038413746453035463532
    204d3d416363657373206772616e746564
    """)

  @Test func ourAcksAreThoseThatPPPDsOwnPeerSent() {
    let gateway = Bench.started(.gateway)
    let toClient = gateway.receive(clientRequest)
    #expect(toClient == [hex("c0210201001401040578020600000000050669eb9de8")])
    let client = Bench.started(.client)
    let toServer = client.receive(serverRequest)
    #expect(toServer == [hex("c02102010019010405780206000000000305c223810506df8ffd6d")])
  }

  @Test func theCapturedResponseVerifiesAndGivesTheCapturedProof() throws {
    let packet = try ControlPacket(parsing: PPPFrame(parsing: response).information)
    guard case .response(let identifier, let value, let name) = try CHAPPacket(packet) else {
      Issue.record("not a Response")
      return
    }
    let request = AuthenticationRequest(
      ticket: 1, userName: name,
      material: .msCHAPv2(
        identifier: identifier, challenge: Array(challenge[7..<23]),
        peerChallenge: Array(value[..<16]), ntResponse: Array(value[24..<48])))
    let proof = Array(success[6..<48])
    #expect(
      request.verify(password: Secret(text: "pass1")) == .accepted(authenticatorResponse: proof))
  }

  @Test func theAddressesAreAgreedFrameForFrame() {
    let bench = Bench.gatewayInAuthenticate(.pap)
    bench.receive(
      PAPPacket.authenticateRequest(
        identifier: 1, peerID: [0x61], password: Secret(text: "b")
      ).frame)
    bench.link.completeAuthentication(1, .accepted(), at: bench.now, using: &bench.random)
    let server = IPv4Address(10, 111, 0, 1)
    bench.link.assignAddress(
      AddressOffer(local: server, peer: IPv4Address(10, 111, 0, 10), dns: [server, server]),
      at: bench.now, using: &bench.random)
    bench.drain()
    #expect(bench.sent.last == hex("80210101000a03060a6f0001"))
    let nak = bench.receive(hex("802101010016030600000000810600000000830600000000"))
    #expect(nak == [hex("80210301001603060a6f000a81060a6f000183060a6f0001")])
    bench.receive(hex("80210201000a03060a6f0001"))
    let ack = bench.receive(hex("80210102001603060a6f000a81060a6f000183060a6f0001"))
    #expect(ack == [hex("80210202001603060a6f000a81060a6f000183060a6f0001")])
    #expect(bench.events.ups.map(\.peerAddress) == [IPv4Address(10, 111, 0, 10)])
    let bye = bench.receive(hex("c02105020010557365722072657175657374"))
    #expect(bye == [hex("c02106020004")])
    #expect(bench.events.last == .down(.peerClosed, detail: "peer terminates: User request"))
  }
}
