import Dataplane
import Endpoint
import Primitives
import Testing

/// What a client says in one breath.
@Suite(.timeLimit(.minutes(5))) struct BatchTests {
  /// A batch of many packets, as a busy gateway receives them: the LCP frame behind the ICCN must
  /// not be lost, or both ends wait out PPP's Restart timer (3 s).
  @Test func theFirstFrameComesInOneBatchWithTheICCN() throws {
    let site = try ClearSite()
    let noise = Array(repeating: [UInt8(0)], count: 11)
    let client = try ClearClient(9, user: "user1", at: site.now, using: &site.random)
    for _ in 0..<20 {
      var breath: [[UInt8]] = []
      while let datagram = client.nextDatagram(at: site.now, using: &site.random) {
        breath.append(datagram)
      }
      _ = site.give(breath + noise, from: client.remote, to: client)
    }
    let drops = site.gateway.host.dataplane.drops[.unknownSession]
    #expect(drops == 0)
    #expect(client.inner != nil)
    let live = site.gateway.host.endpoint.liveCounts.sessions
    #expect(live == 1)
  }
}
