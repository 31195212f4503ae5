import L2TP
import Primitives

/// Somebody who speaks L2TP to the gateway without IPsec and does not know the tunnel's secret.
struct ClearPeer: Sendable {
  static let l2tpPort: UInt16 = 1_701

  /// What he says when he is to prove that he knows the secret.
  enum Proof: Sendable, CaseIterable {
    case none
    case wrong
  }

  let socket: SocketAddress
  let proof: Proof
  /// He has named the host that may come without IPsec: the gateway may answer him.
  private(set) var hasNamedClearHost = false
  private var tunnelID: UInt16 = 0

  init(socket: SocketAddress, proof: Proof) {
    self.socket = socket
    self.proof = proof
  }

  /// His SCCRQ under a host name.
  mutating func open(
    as hostName: String, isClearHost: Bool, at now: Instant,
    using random: inout some RandomNumberGenerator
  ) -> [UInt8]? {
    if isClearHost { hasNamedClearHost = true }
    tunnelID = random.nonZero()
    var tunnel = Tunnel(
      opening: TunnelConfiguration(hostName: hostName), localID: tunnelID, at: now, using: &random)
    return tunnel.nextTransmit()
  }

  /// His answer to what the gateway said: to an SCCRP an SCCCN, without the response to its
  /// challenge or with a wrong one.
  func answer(
    _ message: [UInt8], using random: inout some RandomNumberGenerator
  ) -> [UInt8]? {
    guard let message = try? ControlMessage(parsing: message), message.type == .sccrp,
      let assigned = message.avps.first(where: { $0.type == .assignedTunnelID })?.value
    else { return nil }
    var body: [UInt8] = []
    Self.append(.messageType, [0, 3], to: &body)
    if proof == .wrong { Self.append(.challengeResponse, random.bytes(16), to: &body) }
    var writer = ByteWriter(capacityBytes: ControlHeader.byteCount + body.count)
    // T, L and S bits, version 2 (RFC 2661 §3.1); Ns 1 after the SCCRQ, Nr 1 after the SCCRP.
    writer.write(UInt16(0xc802))
    writer.write(UInt16(clamping: ControlHeader.byteCount + body.count))
    writer.write(assigned)
    writer.write(UInt16(0))
    writer.write(UInt16(1))
    writer.write(UInt16(1))
    writer.write(body)
    return writer.bytes
  }

  private static func append(_ type: AttributeType, _ value: [UInt8], to body: inout [UInt8]) {
    var writer = ByteWriter(capacityBytes: AVP.headerBytes + value.count)
    let mandatory: UInt16 = 0x8000
    writer.write(mandatory | UInt16(clamping: AVP.headerBytes + value.count))
    writer.write(UInt16(0))
    writer.write(type.rawValue)
    writer.write(value)
    body += writer.bytes
  }
}
