import Cryptography
import Primitives
import Testing

@testable import IKE

/// What our two ends could get wrong in the same way: keys, vectors, hashes and numbers as another
/// daemon has them.
@Suite(.timeLimit(.minutes(5))) struct StrongSwanTests {
  @Test func everyConversationIsWhole() {
    #expect(StrongSwanConversation.all.count == 5)
    for conversation in StrongSwanConversation.all {
      #expect(conversation.datagrams.count == 9)
    }
    #expect(StrongSwanConversation.all.filter(\.isOverIPv6).count == 2)
  }

  @Test(arguments: StrongSwanConversation.all)
  func theKeysOfPhase1AreTheOtherDaemons(conversation: StrongSwanConversation) throws {
    let keys = try conversation.keys()
    #expect(keys.skeyid == Secret(hexadecimal(conversation.skeyid)))
    #expect(keys.skeyidD == Secret(hexadecimal(conversation.skeyidD)))
    #expect(keys.skeyidA == Secret(hexadecimal(conversation.skeyidA)))
    #expect(keys.cipherKey == Secret(hexadecimal(conversation.cipherKey)))
    let hash = conversation.transform.hash
    let cipherKey = ISAKMPKeys.expand(
      hexadecimal(conversation.skeyidE), to: conversation.transform.cipher.keyLength, hash: hash)
    #expect(cipherKey == hexadecimal(conversation.cipherKey))
    let vector = keys.phase1IV(try conversation.material())
    #expect(vector == hexadecimal(conversation.firstVector))
  }

  @Test func twoOfTheConversationsLengthenTheirCipherKey() {
    let lengthened = StrongSwanConversation.all.filter {
      $0.skeyidE.utf8.count < $0.cipherKey.utf8.count
    }
    #expect(lengthened.map(\.name) == ["aesCBC256SHA1", "tripleDESMD5"])
  }

  @Test(arguments: StrongSwanConversation.all)
  func identitiesOpenAndTheirHashesFit(conversation: StrongSwanConversation) throws {
    let keys = try conversation.keys()
    let offeredSA = try conversation.clearChain(0).single(.securityAssociation)
    var iv = keys.phase1IV(try conversation.material())
    for (index, role, address) in [
      (4, Role.initiator, conversation.initiatorAddress),
      (5, Role.responder, conversation.responderAddress),
    ] {
      let ciphertext = try conversation.body(index)
      let opened = try conversation.opened(index, iv: iv)
      let identification = try opened.chain.single(.identification)
      #expect(Identity(try Identification(parsing: identification)) == .address(address))
      let hash = keys.identityHash(
        of: role, cookies: try conversation.header(1).cookies,
        material: try conversation.material(),
        offeredSA: offeredSA, identification: identification)
      #expect(try opened.chain.single(.hash) == hash)
      // The other way round it gives the same bytes.
      let sealed = keys.encrypt(try keys.decrypt(ciphertext, iv: iv).plaintext, iv: iv)
      #expect(sealed.ciphertext == ciphertext)
      #expect(sealed.iv == opened.iv)
      iv = opened.iv
    }
  }

  /// All three messages of quick mode, and the keys that come of them.
  @Test(arguments: StrongSwanConversation.all)
  func quickModeOpensAndItsKeysAreTheOtherDaemons(conversation: StrongSwanConversation) throws {
    let engine = ISAKMPEngine(configuration: try Setup().configuration())
    let sa = try conversation.sa()
    let keys = try #require(sa.keys)
    func arrival(_ index: Int) throws -> ISAKMPEngine.Arrival {
      ISAKMPEngine.Arrival(
        conversation.datagrams[index], try conversation.header(index), on: sa.path, at: .zero)
    }
    let messageID = try conversation.header(6).messageID
    let first = try engine.open(
      try arrival(6), in: sa, iv: keys.phase2IV(lastBlock: sa.iv, messageID: messageID))
    let nonceInitiator = try first.chain.single(.nonce)
    let second = try engine.open(
      try arrival(7), in: sa, iv: first.iv, prefix: [nonceInitiator])
    let nonceResponder = try second.chain.single(.nonce)
    let third = try conversation.opened(8, iv: second.iv)
    let confirmation = keys.authenticate([
      [0], bigEndian(messageID), nonceInitiator, nonceResponder,
    ])
    #expect(try third.chain.single(.hash) == confirmation)
    let transform = try #require(conversation.espTransform)
    for (spi, encryption, integrity) in [
      (
        conversation.responderSPI, conversation.encryptionInitiator,
        conversation.integrityInitiator
      ),
      (
        conversation.initiatorSPI, conversation.encryptionResponder,
        conversation.integrityResponder
      ),
    ] {
      let material = keys.keyMaterial(
        spi: spi, shared: conversation.quickModeShared.map { Secret(hexadecimal($0)) },
        nonceInitiator: nonceInitiator, nonceResponder: nonceResponder,
        lengthBytes: transform.keyMaterialBytes)
      let cut = ESPKeys(material, for: transform)
      #expect(cut.encryption == Secret(hexadecimal(encryption)))
      #expect(cut.integrity == Secret(hexadecimal(integrity)))
    }
  }

  @Test(arguments: StrongSwanConversation.all)
  func theOtherDaemonsProposalsSayWhatOursWould(conversation: StrongSwanConversation) throws {
    for index in [0, 1] {
      let chain = try conversation.clearChain(index)
      #expect(chain.bytes == (try conversation.body(index)))
      let body = try chain.single(.securityAssociation)
      let association = try SecurityAssociation(parsing: body)
      #expect(association.bytes == body)
      let transform = try #require(association.proposals.first?.transforms.first)
      let read = try #require(ISAKMPTransform.read(transform))
      #expect(read.transform == conversation.transform)
      let own = read.transform.payload(number: 1, lifetime: read.lifetime)
      #expect(own.id == transform.id)
      #expect(Set(own.attributes) == Set(transform.attributes))
      #expect(NATTraversal.best(of: chain.all(.vendorID)) == .rfc3947)
      let knowsDPD = chain.all(.vendorID).contains(where: VendorID.isDeadPeerDetection)
      #expect(knowsDPD)
    }
    let sa = try conversation.sa()
    let keys = try #require(sa.keys)
    let header = try conversation.header(6)
    let chain = try conversation.opened(
      6, iv: keys.phase2IV(lastBlock: sa.iv, messageID: header.messageID)
    ).chain
    let association = try SecurityAssociation(parsing: try chain.single(.securityAssociation))
    let proposal = try #require(association.proposals.first)
    #expect(proposal.spi == bigEndian(conversation.initiatorSPI))
    let transform = try #require(proposal.transforms.first)
    let offer = try #require(ESPOffer(transform))
    #expect(offer.transform == conversation.espTransform)
    #expect(offer.group == conversation.quickModeGroup)
    #expect(Set(offer.payload(number: 1).attributes) == Set(transform.attributes))
  }

  /// Both have UDP encapsulation forced, so they falsify the hash of their own address; the one of
  /// the other's address is true.
  @Test(arguments: StrongSwanConversation.all)
  func natDiscoveryHashesAddressesOfBothFamilies(conversation: StrongSwanConversation) throws {
    let cookies = try conversation.header(1).cookies
    for (index, destination) in [
      (2, conversation.responderAddress), (3, conversation.initiatorAddress),
    ] {
      let hashes = try conversation.clearChain(index).all(.natDiscovery)
      #expect(hashes.count == 2)
      let expected = NATState.hash(
        SocketAddress(destination, port: 500), cookies: cookies,
        using: conversation.transform.hash)
      #expect(hashes.first == expected)
    }
  }
}
