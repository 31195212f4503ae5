import CLinux
import Glibc
import Primitives

/// Interfaces, addresses and routes through rtnetlink(7).
///
/// It acts on the network namespace that its creating thread was in. Changes need CAP_NET_ADMIN;
/// questions need nothing.
public struct Netlink: NetworkControl, ~Copyable {
  /// The most datagrams read for one answer; the kernel sends one or two.
  static let answerDatagramsMax = 16

  /// Attribute numbers and constants (linux/if_link.h, if_addr.h, rtnetlink.h).
  private enum Number {
    static let linkName: UInt16 = 3
    static let linkMTU: UInt16 = 4
    static let linkQueue: UInt16 = 13
    static let addressPeer: UInt16 = 1
    static let addressLocal: UInt16 = 2
    static let addressFlags: UInt16 = 8
    static let addressNoDuplicateDetection: UInt32 = 0x02
    static let routeDestination: UInt16 = 1
    static let routeLink: UInt16 = 4
    static let routeGateway: UInt16 = 5
    static let routeMetric: UInt16 = 6
    static let routeSource: UInt16 = 7
    static let tableMain: UInt8 = 254
    static let protocolStatic: UInt8 = 4
    static let scopeUniverse: UInt8 = 0
    static let scopeLink: UInt8 = 253
    static let typeUnicast: UInt8 = 1
    static let typeLocal: UInt8 = 2
    static let interfaceUp: UInt32 = 1
  }

  private let socket: FileDescriptor
  private var sequence: UInt32 = 0
  private var buffer = [UInt8](repeating: 0, count: 32 << 10)

  public init() throws(SystemError) {
    socket = try FileDescriptor(clinux_netlink_create(), "open a netlink socket")
  }

  public mutating func link(named name: String) throws(SystemError) -> NetworkLink {
    var request = makeRequest(NetlinkType.getLink)
    Self.writeLinkHeader(to: &request, index: LinkIndex(0), flags: 0, change: 0)
    request.write(attribute: Number.linkName, Array(name.utf8) + [0])
    let operation = "look up the interface \(name)"
    return try Self.link(
      named: name, in: try exchange(request, operation), operation)
  }

  /// The interface that the kernel answered with.
  static func link(
    named name: String, in answers: [NetlinkMessage], _ operation: String
  ) throws(SystemError) -> NetworkLink {
    let answer = try first(NetlinkType.newLink, of: answers, operation)
    var reader = ByteReader(answer.payload)
    let attributes = answer.attributes(after: 16)
    guard reader.skip(4), let index = reader.readNative32(), let flags = reader.readNative32(),
      let mtu = ByteReader.native32(attributes[Number.linkMTU])
    else { throw SystemError(operation, errno: EBADMSG) }
    return NetworkLink(
      index: LinkIndex(index), name: name, mtuBytes: Int(mtu),
      queuePackets: Int(ByteReader.native32(attributes[Number.linkQueue]) ?? 0),
      isUp: flags & Number.interfaceUp != 0)
  }

  public mutating func configure(
    _ link: LinkIndex, mtuBytes: Int? = nil, queuePackets: Int? = nil, isUp: Bool? = nil
  ) throws(SystemError) {
    var request = makeRequest(NetlinkType.newLink)
    Self.writeLinkHeader(
      to: &request, index: link, flags: isUp == true ? Number.interfaceUp : 0,
      change: isUp == nil ? 0 : Number.interfaceUp)
    if let mtuBytes { request.write(attribute: Number.linkMTU, UInt32(clamping: mtuBytes)) }
    if let queuePackets {
      request.write(attribute: Number.linkQueue, UInt32(clamping: queuePackets))
    }
    try exchange(request, "configure interface \(link.value)")
  }

  public mutating func add(_ address: LinkAddress) throws(SystemError) {
    try change(
      address, NetlinkType.newAddress, flags: NetlinkFlags.create | NetlinkFlags.exclusive,
      "add the address \(address.address)")
  }

  public mutating func remove(_ address: LinkAddress) throws(SystemError) {
    try change(
      address, NetlinkType.deleteAddress, flags: 0, "remove the address \(address.address)")
  }

  public mutating func add(_ route: Route) throws(SystemError) {
    try change(
      route, NetlinkType.newRoute, flags: NetlinkFlags.create | NetlinkFlags.exclusive,
      "add the route to \(route.destination)")
  }

  public mutating func remove(_ route: Route) throws(SystemError) {
    try change(
      route, NetlinkType.deleteRoute, flags: 0, "remove the route to \(route.destination)")
  }

  public mutating func route(to address: IPAddress) throws(SystemError) -> RouteLookup {
    let operation = "look up the route to \(address)"
    var request = makeRequest(NetlinkType.getRoute)
    Self.writeRouteHeader(
      to: &request, family: address, prefixBits: address.bytes.count * 8, table: 0, scope: 0,
      type: 0)
    request.write(attribute: Number.routeDestination, address.bytes)
    return try Self.route(in: try exchange(request, operation), operation)
  }

  /// The route that the kernel answered with.
  static func route(
    in answers: [NetlinkMessage], _ operation: String
  ) throws(SystemError) -> RouteLookup {
    let answer = try first(NetlinkType.newRoute, of: answers, operation)
    let attributes = answer.attributes(after: 12)
    var reader = ByteReader(answer.payload)
    guard reader.skip(7), let type = reader.readUInt8() else {
      throw SystemError(operation, errno: EBADMSG)
    }
    // IPv6 answers "unreachable" with a route of that type instead of an error.
    guard type == Number.typeUnicast || type == Number.typeLocal,
      let index = ByteReader.native32(attributes[Number.routeLink])
    else { throw SystemError(operation, errno: ENETUNREACH) }
    return RouteLookup(
      link: LinkIndex(index),
      gateway: attributes[Number.routeGateway].flatMap { IPAddress(bytes: $0) },
      source: attributes[Number.routeSource].flatMap { IPAddress(bytes: $0) })
  }

  private mutating func change(
    _ address: LinkAddress, _ type: UInt16, flags: UInt16, _ operation: String
  ) throws(SystemError) {
    var request = makeRequest(type, flags: flags)
    request.write8(Self.family(of: address.address))
    request.write8(UInt8(clamping: address.prefixBits))
    request.write8(0)
    request.write8(Number.scopeUniverse)
    request.write32(address.link.value)
    request.write(attribute: Number.addressLocal, address.address.bytes)
    request.write(attribute: Number.addressPeer, (address.peer ?? address.address).bytes)
    if !address.address.isIPv4 {
      // A tunnel has no neighbour to ask; without this the address is unusable for a second.
      request.write(attribute: Number.addressFlags, Number.addressNoDuplicateDetection)
    }
    try exchange(request, operation)
  }

  private mutating func change(
    _ route: Route, _ type: UInt16, flags: UInt16, _ operation: String
  ) throws(SystemError) {
    let destination = route.destination
    let isOnLink = route.gateway == nil && destination.address.isIPv4
    var request = makeRequest(type, flags: flags)
    Self.writeRouteHeader(
      to: &request, family: destination.address, prefixBits: destination.lengthBits,
      table: Number.tableMain, scope: isOnLink ? Number.scopeLink : Number.scopeUniverse,
      type: Number.typeUnicast)
    request.write(attribute: Number.routeDestination, Self.networkBytes(of: destination))
    request.write(attribute: Number.routeLink, route.link.value)
    if let gateway = route.gateway {
      request.write(attribute: Number.routeGateway, gateway.bytes)
    }
    if let source = route.source { request.write(attribute: Number.routeSource, source.bytes) }
    if let metric = route.metric { request.write(attribute: Number.routeMetric, metric) }
    try exchange(request, operation)
  }

  /// The prefix with the bits after it cleared, as the kernel demands.
  private static func networkBytes(of prefix: IPPrefix) -> [UInt8] {
    prefix.address.bytes.enumerated().map { position, byte in
      let bits = min(max(prefix.lengthBits - position * 8, 0), 8)
      return byte & ~UInt8(truncatingIfNeeded: 0xff >> bits)
    }
  }

  private static func family(of address: IPAddress) -> UInt8 {
    UInt8(address.isIPv4 ? AF_INET : AF_INET6)
  }

  private static func writeLinkHeader(
    to request: inout NetlinkRequest, index: LinkIndex, flags: UInt32, change: UInt32
  ) {
    request.write32(0)
    request.write32(index.value)
    request.write32(flags)
    request.write32(change)
  }

  private static func writeRouteHeader(
    to request: inout NetlinkRequest, family address: IPAddress, prefixBits: Int, table: UInt8,
    scope: UInt8, type: UInt8
  ) {
    for field in [
      family(of: address), UInt8(clamping: prefixBits), 0, 0, table,
      type == 0 ? 0 : Number.protocolStatic, scope, type,
    ] { request.write8(field) }
    request.write32(0)
  }

  private mutating func makeRequest(_ type: UInt16, flags: UInt16 = 0) -> NetlinkRequest {
    sequence &+= 1
    return NetlinkRequest(type, flags: flags, sequence: sequence)
  }

  private static func first(
    _ type: UInt16, of answers: [NetlinkMessage], _ operation: String
  ) throws(SystemError) -> NetlinkMessage {
    guard let answer = answers.first(where: { $0.type == type }) else {
      throw SystemError(operation, errno: EBADMSG)
    }
    return answer
  }

  /// Sends a request and reads until its acknowledgement; the messages before it.
  @discardableResult
  private mutating func exchange(
    _ request: NetlinkRequest, _ operation: String
  ) throws(SystemError) -> [NetlinkMessage] {
    let bytes = request.bytes
    try check(clinux_netlink_send(socket.number, bytes, bytes.count), operation)
    var answer = NetlinkAnswer(to: sequence)
    for _ in 0..<Self.answerDatagramsMax {
      let result = clinux_netlink_receive(socket.number, &buffer, buffer.count)
      if result == -EINTR { continue }
      let count = Int(try check(result, operation))
      if try answer.take(Array(buffer.prefix(count)), operation) { return answer.messages }
    }
    throw SystemError(operation, errno: ETIMEDOUT)
  }
}
