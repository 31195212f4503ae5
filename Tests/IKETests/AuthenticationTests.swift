import Cryptography
import Primitives
import Testing

@testable import IKE

/// Every HASH of IKE is compared, whole: nothing is believed without it.
@Suite(.timeLimit(.minutes(5))) struct AuthenticationTests {
  /// What is not `right`: each of its bytes changed, parts of it, more than it.
  private static func wrong(_ right: [UInt8]) -> [[UInt8]] {
    right.indices.map { index in
      var bytes = right
      bytes[index] ^= 1
      return bytes
    } + [
      [], Array(right.prefix(4)), Array(right.dropLast()), right + [0],
      [UInt8](repeating: 0, count: right.count), right.reversed(),
    ]
  }

  /// Whether the receiver of `place` took that for what it was to be.
  private func isAccepted(_ place: Place, _ pair: borrowing Pair) -> Bool {
    switch place {
    case .main5: !pair.rightEvents.up.isEmpty
    case .main6: !pair.leftEvents.up.isEmpty
    case .quick1: !pair.rightEvents.children.isEmpty
    case .quick2: !pair.leftEvents.children.isEmpty
    case .quick3: !pair.rightEvents.ready.isEmpty
    case .main1, .main2, .main3, .main4: false
    }
  }

  /// HASH_I, HASH_R, HASH(1), HASH(2) and HASH(3).
  @Test(arguments: [.main5, .main6, .quick1, .quick2, .quick3] as [Place])
  func onlyTheRightHashIsAccepted(place: Place) throws {
    var pair = try makePair()
    pair.connect(losing: place)
    let payloads = try pair.payloads(place)
    let right = place.isHashed ? try pair.hash(of: payloads, at: place) : try payloads.body(.hash)
    let all = place.isHashed ? [Payload(.hash, right)] + payloads : payloads
    let wrongOnes = Self.wrong(right)
    #expect(wrongOnes.count == 38)
    for wrong in wrongOnes {
      let message = try pair.message(all.replacing(.hash, wrong), at: place)
      try pair.deliver(message, at: place)
      let isTaken = isAccepted(place, pair)
      #expect(!isTaken)
    }
    #expect(pair.dropped(.hash, at: place) == UInt64(wrongOnes.count))
    // Without any, with two, and behind what it should cover.
    let misplaced = place.isHashed ? [payloads + [Payload(.hash, right)]] : []
    for payloads in [all.without(.hash), all.doubling(.hash)] + misplaced {
      try pair.deliver(try pair.message(payloads, at: place), at: place)
      let isTaken = isAccepted(place, pair)
      #expect(!isTaken)
    }
    try pair.deliverHeld(place)
    let isTaken = isAccepted(place, pair)
    #expect(isTaken)
    #expect(pair.rightEvents.ready.count == 1)
  }

  /// A hash of the other direction proves nothing.
  @Test func aReflectedHashIsNoProof() throws {
    var pair = try makePair()
    pair.connect(losing: .main6)
    let (fifth, sixth) = (try pair.payloads(.main5), try pair.payloads(.main6))
    for payloads in [
      sixth.replacing(.hash, try fifth.body(.hash)), fifth,
      fifth.without(.notification),
    ] {
      try pair.deliver(payloads, at: .main6)
    }
    #expect(pair.left.counters.dropped(.hash) == 3)
    #expect(pair.leftEvents.up.isEmpty)
  }

  @Test func informationalMessagesNeedEveryByteOfHASH1() throws {
    var pair = try makePair()
    _ = pair.connect()
    pair.run(for: .seconds(1))
    let sa = try pair.sa(of: .left)
    let keys = try #require(sa.keys)
    let question = Forge.notify(.rUThere, spi: sa.cookies.bytes, data: [0, 0, 0, 1])
    let before = pair.sent(by: .right).count
    for position in 0...32 {
      let messageID: UInt32 = pair.random.nonZero()
      var hash = keys.authenticate([bigEndian(messageID), PayloadChain([question]).bytes])
      if position < 32 { hash[position] ^= 0x10 }
      let message = pair.left.sealHashed(
        [Payload(.hash, hash), question], .informational, messageID: messageID,
        cookies: sa.cookies, keys: keys,
        iv: keys.phase2IV(lastBlock: sa.iv, messageID: messageID)
      ).message
      pair.feed(message)
      #expect(pair.sent(by: .right).count == before + (position == 32 ? 1 : 0))
    }
    #expect(pair.right.counters.dropped(.hash) == 32)
  }

  /// HASH_I and HASH_R cover the identity.
  @Test(arguments: [.main5, .main6] as [Place])
  func anIdentityThatTheHashDoesNotCoverIsRefused(place: Place) throws {
    var pair = try makePair()
    pair.connect(losing: place)
    let other = Identity(text: "alice@example.net").identification.bytes
    let payloads = try pair.payloads(place).replacing(.identification, other)
    try pair.deliver(payloads, at: place)
    #expect(pair.dropped(.hash, at: place) == 1)
    let isTaken = isAccepted(place, pair)
    #expect(!isTaken)
  }

  @Test(arguments: [.main5, .main6] as [Place])
  func identitiesMissingOrDoubledAreRefused(place: Place) throws {
    var pair = try makePair()
    pair.connect(losing: place)
    let payloads = try pair.payloads(place)
    for wrong in [payloads.without(.identification), payloads.doubling(.identification)] {
      try pair.deliver(wrong, at: place)
    }
    #expect(pair.droppedInAll(at: place) == 2)
    // In the clear they prove nothing either.
    var header = try pair.header(place)
    header.isEncrypted = false
    header.firstPayload = .identification
    try pair.deliver(header.message(with: PayloadChain(payloads).bytes), at: place)
    #expect(pair.dropped(.encryption, at: place) == 1)
    let isTaken = isAccepted(place, pair)
    #expect(!isTaken)
  }

  /// A vector of its own, instead of the last block of the message before, fits nowhere.
  @Test(arguments: [.main6, .quick2, .quick3] as [Place])
  func everyMessageContinuesTheVectorOfTheOneBefore(place: Place) throws {
    var pair = try makePair()
    pair.connect(losing: place)
    let payloads = try pair.payloads(place)
    let hash = place.isHashed ? [Payload(.hash, try pair.hash(of: payloads, at: place))] : []
    let first: Place = place == .main6 ? .main5 : .quick1
    let message = try pair.message(hash + payloads, at: place, iv: try pair.vector(first))
    try pair.deliver(message, at: place)
    let isTaken = isAccepted(place, pair)
    #expect(!isTaken)
    #expect(pair.droppedInAll(at: place) == 1)
    try pair.deliverHeld(place)
    #expect(pair.rightEvents.ready.count == 1)
  }

  /// RFC 2408 §3.1 leaves the content of padding open, and some peers add whole blocks.
  @Test(arguments: [.main5, .main6, .quick1, .quick2, .quick3] as [Place])
  func paddingIsNotLookedAt(place: Place) throws {
    var pair = try makePair()
    pair.connect(losing: place)
    let payloads = try pair.payloads(place)
    let hash = place.isHashed ? [Payload(.hash, try pair.hash(of: payloads, at: place))] : []
    let chain = PayloadChain(hash + payloads)
    let padded = chain.bytes + pair.random.bytes(32 - chain.bytes.count % 16)
    var header = try pair.header(place)
    header.firstPayload = chain.first
    let ciphertext = try pair.keys().encrypt(padded, iv: try pair.vector(place)).ciphertext
    try pair.deliver(header.message(with: ciphertext), at: place)
    let isTaken = isAccepted(place, pair)
    #expect(isTaken)
  }

  /// The identities that a policy may ask for, and others with the same bytes or of the same kind.
  @Test(
    arguments: [
      (.userFQDN(Array("alice@example.net".utf8)), .userFQDN(Array("alice@example.org".utf8))),
      (.fqdn(Array("alice".utf8)), .keyID(Array("alice".utf8))),
      (.keyID(Array("alice".utf8)), .fqdn(Array("alice".utf8))),
      (.fqdn(Array("alice".utf8)), .userFQDN(Array("alice".utf8))),
      (.fqdn(Array("alice".utf8)), .fqdn(Array("alic".utf8))),
      (.address(Pair.rightAddress), .address(Pair.leftAddress)),
      (.keyID(Pair.rightAddress.bytes), .address(Pair.rightAddress)),
    ] as [(Identity, Identity)])
  func bothEndsHoldThePeerToItsIdentity(wanted: Identity, shown: Identity) throws {
    for isInitiator in [true, false] {
      for isRight in [true, false] {
        let wants: (inout Setup) -> Void = { $0.isakmp.remoteIdentity = wanted }
        let shows: (inout Setup) -> Void = { $0.isakmp.localIdentity = isRight ? wanted : shown }
        var pair = try makePair(
          left: isInitiator ? wants : shows, right: isInitiator ? shows : wants)
        _ = pair.connect()
        pair.run(for: .seconds(3))
        let events = isInitiator ? pair.leftEvents : pair.rightEvents
        #expect(events.up.map(\.facts.identity) == (isRight ? [wanted] : []))
        #expect(events.children.count == (isRight ? 1 : 0))
        guard !isRight else { continue }
        let reasons = isInitiator ? events.downs.map(\.reason) : events.peerFailures.map(\.reason)
        #expect(reasons == [.authenticationFailed])
        let detail = isInitiator ? events.downs.first?.detail : events.peerFailures.first?.detail
        #expect(detail?.contains("\(wanted)") == true)
      }
    }
  }
}
