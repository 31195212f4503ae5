import Primitives

/// A port-translating NAT: one outer address for many hosts, UDP only, mappings by inner endpoint.
struct VirtualNAT: Sendable {
  let outer: IPAddress
  let inside: Set<IPAddress>
  private var outerPorts: [SocketAddress: UInt16] = [:]
  private var inner: [UInt16: SocketAddress] = [:]
  private var portNext: UInt16 = 20_000

  init(outer: IPAddress, inside: Set<IPAddress>) {
    self.outer = outer
    self.inside = inside
  }

  func host(at port: UInt16) -> SocketAddress? { inner[port] }

  mutating func forgetMappings() {
    outerPorts.removeAll()
    inner.removeAll()
  }

  /// `nil` for what cannot be translated (ESP has no ports).
  mutating func translateOut(_ packet: VirtualPacket) -> VirtualPacket? {
    guard case .udp = packet.payload else { return nil }
    var translated = packet
    if let port = outerPorts[packet.source] {
      translated.source = SocketAddress(outer, port: port)
    } else {
      let port = portNext
      portNext = portNext == .max ? 20_000 : portNext + 1
      if let displaced = inner[port] { outerPorts[displaced] = nil }
      outerPorts[packet.source] = port
      inner[port] = packet.source
      translated.source = SocketAddress(outer, port: port)
    }
    return translated
  }

  /// `nil` when no host has the port.
  func translateIn(_ packet: VirtualPacket) -> VirtualPacket? {
    guard case .udp = packet.payload, let host = inner[packet.destination.port] else { return nil }
    var translated = packet
    translated.destination = host
    return translated
  }
}
