import Control
import IPPacket
import LinuxIO
import Primitives
import Settings

/// Opens the sockets of the outer side.
enum OuterPorts {
  /// Every socket of a gateway; all or none.
  static func gateway(_ listen: ListenAddresses) throws(ControlError) -> [any OuterPorting] {
    var ports: [any OuterPorting] = []
    for address in listen.addresses {
      ports.append(try udp(.udp500, listen.ikePort, on: address))
      ports.append(try udp(.udp4500, listen.nattPort, on: address))
      if let port = listen.clearL2TPPort { ports.append(try udp(.udp1701, port, on: address)) }
      ports.append(try rawESP(on: address))
    }
    return ports
  }

  /// A client's sockets, and what became of them.
  struct Client {
    var ports: [any OuterPorting]
    /// Address and ISAKMP port that we dial from.
    var local: SocketAddress
    /// Why ESP has to travel in UDP; `nil` when it need not.
    var whyEncapsulated: String?
  }

  /// A client's sockets on one address. Ports that are taken, or that we may not have, are replaced
  /// by free ones, and raw ESP is done without: then ESP has to travel in UDP.
  static func client(
    _ listen: ListenAddresses, on address: IPAddress
  ) throws(ControlError) -> Client {
    let ike = try udpOrFree(.udp500, listen.ikePort, on: address)
    let natt = try udpOrFree(.udp4500, listen.nattPort, on: address)
    var client = Client(
      ports: [ike.port, natt.port], local: SocketAddress(address, port: ike.number))
    guard ike.number == ISAKMPPort.ike, natt.number == ISAKMPPort.natt else {
      client.whyEncapsulated = "the UDP ports are \(ike.number) and \(natt.number)"
      return client
    }
    do throws(SystemError) {
      client.ports.append(try openRawESP(on: address))
    } catch  where error.isMissingPrivilege {
      client.whyEncapsulated = "this process lacks CAP_NET_RAW"
    } catch {
      throw .port(.rawESP, 0, on: address, error)
    }
    return client
  }

  /// RFC 2408 §2.5.1, RFC 3947 §4.
  private enum ISAKMPPort {
    static let ike: UInt16 = 500
    static let natt: UInt16 = 4500
  }

  private static func udp(
    _ kind: OuterSocket, _ port: UInt16, on address: IPAddress
  ) throws(ControlError) -> any OuterPorting {
    do throws(SystemError) {
      return try openUDP(kind, port, on: address).port
    } catch {
      throw .port(kind, port, on: address, error)
    }
  }

  private static func udpOrFree(
    _ kind: OuterSocket, _ port: UInt16, on address: IPAddress
  ) throws(ControlError) -> (port: any OuterPorting, number: UInt16) {
    do throws(SystemError) {
      do throws(SystemError) {
        return try openUDP(kind, port, on: address)
      } catch  where error.isAddressInUse || error.isMissingPrivilege {
        return try openUDP(kind, 0, on: address)
      }
    } catch {
      throw .port(kind, port, on: address, error)
    }
  }

  private static func openUDP(
    _ kind: OuterSocket, _ port: UInt16, on address: IPAddress
  ) throws(SystemError) -> (port: any OuterPorting, number: UInt16) {
    let socket = try UDPSocket(bindingTo: SocketAddress(address, port: port))
    let (descriptor, number) = (socket.descriptor, socket.local.port)
    return (OuterPort(kind, on: address, descriptor: descriptor, socket: socket), number)
  }

  private static func rawESP(on address: IPAddress) throws(ControlError) -> any OuterPorting {
    do throws(SystemError) {
      return try openRawESP(on: address)
    } catch {
      throw .port(.rawESP, 0, on: address, error)
    }
  }

  private static func openRawESP(on address: IPAddress) throws(SystemError) -> any OuterPorting {
    let socket = try RawESPSocket(bindingTo: address)
    let descriptor = socket.descriptor
    return OuterPort(.rawESP, on: address, descriptor: descriptor, socket: socket)
  }
}
