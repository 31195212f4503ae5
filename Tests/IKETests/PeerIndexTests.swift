import Primitives
import Testing

@testable import IKE

/// A handshake must cost the same however many connections there are: what it is compared with is
/// counted here.
@Suite(.timeLimit(.minutes(5))) struct PeerIndexTests {
  private static let peersMax: UInt8 = 40

  /// Peer `number` of many, each at an address of its own, or all behind one NAT.
  private func path(_ number: UInt8, isBehindNAT: Bool) -> Path {
    let right = SocketAddress(Pair.rightAddress, port: 500)
    let address = IPv4Address(10, 0, 0, isBehindNAT ? 1 : number)
    let port = isBehindNAT ? 20_000 + UInt16(number) : 500
    return Path(local: SocketAddress(.v4(address), port: port), remote: right, floated: false)
  }

  @Test(arguments: [false, true])
  func aNewPeerIsComparedWithNobodyElse(isBehindNAT: Bool) throws {
    var pair = try makePair()
    for number in 1...Self.peersMax {
      let path = path(number, isBehindNAT: isBehindNAT)
      let candidates = pair.right.peers.connections(at: path.local)
      #expect(candidates.isEmpty)
      _ = pair.left.initiate(
        ConnectionRequest(policy: "ipsec", local: path.local, remote: path.remote),
        at: pair.now, using: &pair.random)
      pair.drain()
      pair.run(for: .milliseconds(100))
    }
    #expect(pair.right.connectionViews.count == Int(Self.peersMax))
    for view in pair.right.connectionViews {
      let candidates = pair.right.peers.connections(at: view.path.remote)
      #expect(candidates == [view.id])
    }
    pair.closeAll()
    #expect(pair.left.residue == 0)
    #expect(pair.right.residue == 0)
  }

  @Test func aPeerThatMovesIsFoundWhereItIs() throws {
    var pair = try makePair()
    pair.leftOutside = .v4(IPv4Address(203, 0, 113, 9))
    _ = pair.connect()
    pair.run(for: .seconds(1))
    let id = try #require(pair.rightEvents.up.first).id
    let old = try #require(pair.right.connectionViews.first).path.remote
    let new = SocketAddress(.v4(IPv4Address(203, 0, 113, 10)), port: 40_000)
    pair.right.notePeerPath(id, new, at: pair.now)
    let (atOld, atNew) = (
      pair.right.peers.connections(at: old), pair.right.peers.connections(at: new)
    )
    #expect(atOld.isEmpty)
    #expect(atNew == [id])
    #expect(pair.right.peers.connections(at: new.address) == [id])
    #expect(pair.right.peers.connections(at: old.address).isEmpty)
  }

  /// Both ends may open at the same time, and the peer's main mode may come from either port.
  @Test func aConnectionOfOursIsFoundAtBothPortsOfThePeerThatItDialled() throws {
    var pair = try makePair()
    let id = pair.connect()
    for port: UInt16 in [500, 4500] {
      let candidates = pair.left.peers.connections(
        at: SocketAddress(Pair.rightAddress, port: port))
      #expect(candidates == [id])
    }
    let elsewhere = pair.left.peers.connections(at: SocketAddress(Pair.rightAddress, port: 501))
    #expect(elsewhere.isEmpty)
  }
}
