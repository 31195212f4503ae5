import Primitives
import Testing

@testable import L2TP

@Suite(.timeLimit(.minutes(5))) struct AuthenticationTests {
  private let secret = Secret(text: "tunnel secret")
  private let challenge = [UInt8](16..<32)

  @Test func responsesEqualTheHandComputedOnes() {
    #expect(
      Tunnel.response(to: challenge, in: .sccrp, secret: secret)
        == hex("2f7fc2d6bcdb8f5e201247e396a3effb"))
    #expect(
      Tunnel.response(to: challenge, in: .scccn, secret: secret)
        == hex("99aa9c675a200cda6d91b139e2351631"))
  }

  private func configuration(
    _ host: String, _ secret: String?, requires: Bool
  )
    -> TunnelConfiguration
  {
    var configuration = TunnelConfiguration(hostName: host)
    configuration.secret = secret.map { Secret(text: $0) }
    configuration.requiresTunnelAuthentication = requires
    return configuration
  }

  @Test func eachEndMayAuthenticateTheOther() {
    for (lac, lns) in [(true, true), (true, false), (false, true)] {
      var pair = Pair(
        lac: configuration("lac", "s", requires: lac),
        lns: configuration("lns", "s", requires: lns))
      pair.run(for: .seconds(1))
      #expect(pair.lac.phase == .established)
      #expect(pair.lns.phase == .established)
    }
  }

  @Test func wrongOrMissingSecretIsNotAuthorized() {
    for (requiresLAC, requiresLNS) in [(true, false), (false, true)] {
      for secret in ["other", nil] {
        var pair = Pair(
          lac: configuration("lac", requiresLAC ? "s" : secret, requires: requiresLAC),
          lns: configuration("lns", requiresLAC ? secret : "s", requires: requiresLNS))
        pair.run(for: .seconds(1))
        #expect(pair.lacEvents.map(\.closeReason).last == .authenticationFailed)
        #expect(pair.lnsEvents.map(\.closeReason).last == .authenticationFailed)
        let results = (pair.lacEvents + pair.lnsEvents).compactMap {
          $0.closeDetail?.resultCode?.stopCCNResult
        }
        #expect(results == [.notAuthorized, .notAuthorized])
      }
    }
  }

  @Test func badInput50ChallengeOf0BytesIsMalformedAnd1And255BytesAreAnswered() {
    for (lengthBytes, isGood) in [(0, false), (1, true), (255, true)] {
      var bench = Bench(.lns) { $0.secret = Secret(text: "s") }
      bench.send(.sccrq, Sample.start + [AVP(.challenge, Array(repeating: 1, count: lengthBytes))])
      #expect(bench.tunnel.phase == (isGood ? .waitCtlConn : .stopped))
      #expect(bench.sentTypes == [isGood ? .sccrp : .stopCCN])
      if !isGood { #expect(bench.lastResult?.error == .wrongLength) }
    }
  }

  @Test func badInput50ResponseOfWrongLengthIsNoProof() {
    for lengthBytes in [0, 1, 15, 17, 1000] {
      var bench = Bench.at(.waitCtlConn) {
        $0.secret = Secret(text: "s")
        $0.requiresTunnelAuthentication = true
      }
      let violation = bench.send(
        .scccn, [AVP(.challengeResponse, Array(repeating: 0, count: lengthBytes))])
      #expect(violation == .authentication)
      #expect(bench.lastResult?.stopCCNResult == .notAuthorized)
      #expect(bench.events.map(\.closeReason) == [.authenticationFailed])
    }
  }

  @Test func badInput50ReflectedChallengeIsRefused() throws {
    var bench = Bench(.lac) {
      $0.secret = Secret(text: "s")
      $0.requiresTunnelAuthentication = true
    }
    let ours = try #require(bench.sent.first?.avps.first { $0.type == .challenge }?.value)
    let proof = Tunnel.response(to: ours, in: .sccrp, secret: Secret(text: "s"))
    let violation = bench.send(
      .sccrp, Sample.start + [AVP(.challenge, ours), AVP(.challengeResponse, proof)])
    #expect(violation == .authentication)
    #expect(bench.sentTypes.last == .stopCCN)
    // The response to its own challenge would have been in an SCCCN.
    #expect(!bench.sentTypes.contains(.scccn))
  }

  @Test func responseWithoutAChallengeIsIgnored() {
    var bench = Bench.at(.waitCtlConn)
    bench.send(.scccn, [AVP(.challengeResponse, [1, 2, 3])])
    #expect(bench.tunnel.phase == .established)
  }
}
