import Cryptography
import Primitives
import Testing

@testable import IKE

/// A stranger in the middle, who has no keys, changes what is not encrypted.
@Suite(.timeLimit(.minutes(5))) struct MiddleManTests {
  private static let strong = ISAKMPTransform(.aesCBC256, .sha512, .ecp256)
  private static let weak = ISAKMPTransform(.aesCBC128, .sha256, .ecp256)

  /// Both ends would take either transform, the strong one rather.
  private func makePair(
    changing place: Place, _ change: @escaping ([Payload]) throws -> [Payload]
  ) throws -> Pair {
    let both: (inout Setup) -> Void = { $0.isakmp.transforms = [Self.strong, Self.weak] }
    var pair = try IKETests.makePair(left: both, right: both)
    var count = 0
    pair.rewrite = { _, bytes in
      defer { count += 1 }
      guard count == place.rawValue, var header = try? ISAKMPHeader(parsing: bytes),
        let chain = try? PayloadChain(
          parsing: Array(bytes.dropFirst(28)), first: header.firstPayload, trailer: .none),
        let payloads = try? change(chain.payloads)
      else { return bytes }
      let changed = PayloadChain(payloads)
      header.firstPayload = changed.first
      return header.message(with: changed.bytes)
    }
    return pair
  }

  /// Nobody believes anything: HASH_I or the decryption of message 5 fails, and the secret is not
  /// to blame for more than one report.
  private func expectNoConnection(_ pair: inout Pair) {
    _ = pair.connect()
    pair.run(for: .seconds(400))
    #expect(pair.wire.count > 4)
    #expect(pair.leftEvents.up.isEmpty)
    #expect(pair.rightEvents.up.isEmpty)
    #expect(pair.leftEvents.downs.map(\.reason) == [.authenticationFailed])
    #expect(pair.rightEvents.peerFailures.map(\.reason) == [.authenticationFailed])
    let residue = pair.left.residue + pair.right.residue
    #expect(residue == 0)
  }

  @Test func withoutAnyChangeTheStrongTransformIsTaken() throws {
    var pair = try makePair(changing: .main1) { $0 }
    _ = pair.connect()
    pair.run(for: .seconds(1))
    #expect(pair.leftEvents.up.map(\.facts.transform) == [Self.strong])
    #expect(pair.rightEvents.ready.count == 1)
  }

  /// The keys are the same at both ends: only HASH_I, over the SA payload that was sent, tells.
  @Test func aTransformStrippedFromMessage1IsNoticed() throws {
    var pair = try makePair(changing: .main1) {
      try $0.changingProposal { $0.transforms.removeFirst() }
    }
    var answered: ISAKMPTransform?
    let change = pair.rewrite
    pair.rewrite = { side, bytes in
      if side == .right, answered == nil,
        let chain = try? PayloadChain(
          parsing: Array(bytes.dropFirst(28)), first: .securityAssociation, trailer: .none),
        let association = try? SecurityAssociation(parsing: chain.payloads[0].body)
      {
        answered =
          association.proposals.first?.transforms.first
          .flatMap(ISAKMPTransform.read)?.transform
      }
      return change(side, bytes)
    }
    expectNoConnection(&pair)
    #expect(answered == Self.weak)
    #expect(pair.right.counters.dropped(.hash) > 0)
  }

  @Test(arguments: 0..<5)
  func everyOtherChangeOfTheOfferIsNoticed(which: Int) throws {
    var pair = try makePair(changing: .main1) { payloads in
      try payloads.changingProposal { proposal in
        switch which {
        case 0: proposal.number = 2
        case 1: proposal.transforms[1].number = 9
        case 2: proposal.transforms.swapAt(0, 1)
        case 3: proposal.spi = [1, 2, 3, 4, 5, 6, 7, 8]
        default:
          proposal.transforms[0] = Self.strong.payload(
            number: 1, lifetime: Lifetime(seconds: 28_799))
        }
      }
    }
    expectNoConnection(&pair)
    #expect(pair.right.counters.dropped(.hash) > 0)
  }

  /// The answer is in no hash of main mode, but the ends then compute with other algorithms.
  @Test func anotherTransformInTheAnswerIsNoticed() throws {
    var pair = try makePair(changing: .main2) {
      try $0.changingProposal {
        $0.transforms = [Self.weak.payload(number: 2, lifetime: Lifetime(seconds: 28_800))]
      }
    }
    _ = pair.connect()
    pair.run(for: .seconds(400))
    #expect(pair.leftEvents.up.isEmpty)
    #expect(pair.rightEvents.up.isEmpty)
    // The hashes of NAT discovery have another length already.
    #expect(pair.right.counters.dropped(.natDiscovery) > 0)
    #expect(pair.leftEvents.downs.map(\.reason) == [.retriesExhausted])
  }

  @Test(arguments: [.main3, .main4] as [Place])
  func anotherNonceIsNoticed(place: Place) throws {
    var pair = try makePair(changing: place) { payloads in
      var nonce = try payloads.body(.nonce)
      nonce[31] ^= 1
      return payloads.replacing(.nonce, nonce)
    }
    expectNoConnection(&pair)
  }

  /// The oldest attack of all: a public value of the middle man's own.
  @Test(arguments: [.main3, .main4] as [Place])
  func anotherPublicValueIsNoticed(place: Place) throws {
    var random = SeededRandom(seed: 99)
    let value = try KeyExchangeGroup.ecp256.publicValue(
      for: KeyExchangeGroup.ecp256.makePrivateKey(using: &random))
    var pair = try makePair(changing: place) { $0.replacing(.keyExchange, value) }
    expectNoConnection(&pair)
  }
}
