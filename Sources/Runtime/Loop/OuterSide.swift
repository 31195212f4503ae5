import IPPacket
import LinuxIO
import Primitives

/// All sockets of the outer side: which packet leaves through which.
struct OuterSide {
  let ports: [any OuterPorting]
  private var bridge: BatchBridge
  /// Packets whose local address no socket has.
  private(set) var unroutable: UInt64 = 0

  /// - Parameter packetsMax: packets of the largest batch.
  init(ports: [any OuterPorting], packetsMax: Int) {
    self.ports = ports
    bridge = BatchBridge(countMax: packetsMax)
  }

  /// Replaces the batch by what one socket has; returns how many packets that were.
  mutating func receive(
    from index: Int, into batch: inout PacketBatch
  ) throws(SystemError) -> Int {
    let port = ports[index]
    return try unsafe bridge.fill(&batch) { (arena, slots) throws(SystemError) in
      try unsafe port.receive(into: arena, slots)
    }
  }

  /// Sends the packets of a batch that are to be sent, in their order across all sockets: a
  /// StopCCN must leave before the Delete of its SA.
  mutating func send(_ batch: inout PacketBatch) throws(SystemError) {
    var port: (any OuterPorting)?
    var found: (kind: OuterSocket, local: IPAddress)?
    for index in 0..<batch.count {
      guard case .send(let kind) = batch[index].verdict else { continue }
      let packet = batch[index]
      let local = packet.local.address
      if found?.kind != kind || found?.local != local {
        try hand(&batch, to: port)
        port = ports.first { $0.serves(kind, local) }
        found = (kind, local)
      }
      if port == nil {
        unroutable &+= 1
      } else {
        bridge.add(packet)
      }
    }
    try hand(&batch, to: port)
  }

  private mutating func hand(
    _ batch: inout PacketBatch, to port: (any OuterPorting)?
  ) throws(SystemError) {
    guard let port else { return }
    try unsafe bridge.hand(&batch) { (arena, slots) throws(SystemError) in
      try unsafe port.send(from: arena, slots)
    }
  }

  /// Whether nothing waits for a full socket.
  var isFlushed: Bool { ports.allSatisfy { !$0.isFull } }
}
