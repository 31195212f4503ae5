import L2TP
import Primitives

/// Which tunnel a StopCCN means by its Assigned Tunnel ID: the id that its sender gave to it
/// (RFC 2661 §4.4.3).
struct StopCCNAddress: Sendable, Equatable {
  var tunnelID: UInt16

  /// `nil` for anything but a StopCCN that says so in clear.
  init?(_ message: [UInt8]) {
    guard let message = try? ControlMessage(parsing: message), message.type == .stopCCN,
      let avp = message.avps.first(where: { $0.type == .assignedTunnelID && !$0.isHidden })
    else { return nil }
    var reader = ByteReader(avp.value)
    guard let id = reader.readUInt16(), id != 0, reader.isAtEnd else { return nil }
    tunnelID = id
  }
}
