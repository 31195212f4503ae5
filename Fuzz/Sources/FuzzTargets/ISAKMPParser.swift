import Primitives

@testable import IKE

extension FuzzTarget {
  /// Everything that reads an ISAKMP message: header, payload chain in both forms, the bodies.
  static let isakmpParser = FuzzTarget(
    name: "isakmp-parser", inputBytesMax: 4_096, seeds: { EnginePair.exchange() },
    run: { message in
      // For the fuzzer's sake the chain is looked at whatever the header says of its length.
      _ = try? ISAKMPHeader(parsing: message)
      guard message.count > ISAKMPHeader.lengthBytes else { return }
      let first = PayloadType(rawValue: message[16])
      let body = Array(message[ISAKMPHeader.lengthBytes...])
      if let padded = try? PayloadChain(parsing: body, first: first, trailer: .padding) {
        require(padded.lengthBytes <= body.count, "a chain longer than its message")
      }
      guard let chain = try? PayloadChain(parsing: body, first: first, trailer: .none) else {
        return
      }
      require(chain.bytes == body, "a chain that was parsed and written is another one")
      for payload in chain.payloads { read(payload.body) }
    })

  private static func read(_ body: [UInt8]) {
    if let association = try? SecurityAssociation(parsing: body) {
      require(
        (try? SecurityAssociation(parsing: association.bytes)) == association,
        "an SA payload that was parsed and written is another one")
    }
    if let notification = try? Notification(parsing: body) {
      require(
        (try? Notification(parsing: notification.bytes)) == notification,
        "a notification that was parsed and written is another one")
    }
    if let delete = try? Delete(parsing: body) {
      require(
        (try? Delete(parsing: delete.bytes)) == delete,
        "a delete that was parsed and written is another one")
    }
    if let identification = try? Identification(parsing: body) {
      require(
        (try? Identification(parsing: identification.bytes)) == identification,
        "an identification that was parsed and written is another one")
      _ = Identity(identification).description
    }
  }
}
