import Control
import Glibc
import IPPacket
import LinuxIO
import Primitives

// What the environment refused, as people can act on it.

extension SystemError {
  static let exists = EEXIST
  static let noAddress = EADDRNOTAVAIL

  /// The right to do it is missing.
  var isMissingPrivilege: Bool { errno == EPERM || errno == EACCES }

  var isAddressInUse: Bool { errno == EADDRINUSE }
}

extension ControlError {
  /// How a program gets the rights of root that it needs, and no more.
  private static let grant =
    "start it by its systemd unit, as root, or after setcap "
    + "cap_net_admin,cap_net_raw,cap_net_bind_service+ep on the program"

  /// An engine refuses what the schema let through.
  static func refusedConfiguration(_ what: String) -> ControlError {
    ControlError(
      .refused, "the configuration cannot be used: \(what)",
      cause: "values that are right alone and wrong together",
      nextStep: "correct the file; drawbridge config check shows where")
  }

  /// A socket of the outer side cannot be opened.
  static func port(
    _ kind: OuterSocket, _ port: UInt16, on address: IPAddress, _ error: SystemError
  ) -> ControlError {
    let what =
      kind == .rawESP ? "ESP (IP protocol 50) on \(address)" : "UDP port \(port) on \(address)"
    switch error.errno {
    case EADDRINUSE:
      return ControlError(
        .refused, "\(what) is in use", cause: "\(likelyUser(of: kind)) has it",
        nextStep: "stop that program (ss -ulpn 'sport = :\(port)' shows it), or listen on another "
          + "address")
    case EPERM, EACCES:
      let right = kind == .rawESP ? "CAP_NET_RAW" : "CAP_NET_BIND_SERVICE"
      return ControlError(
        .refused, "\(what) may not be opened", cause: "this process lacks \(right)",
        nextStep: grant)
    case EADDRNOTAVAIL:
      return ControlError(
        .refused, "\(what) cannot be opened: this host has no such address",
        cause: "a typing error, or the interface is not up yet",
        nextStep: "see ip address; 0.0.0.0 listens on every address")
    default:
      return ControlError(
        .refused, "\(what) cannot be opened: \(error)", cause: "the system refuses",
        nextStep: "see the error above")
    }
  }

  private static func likelyUser(of kind: OuterSocket) -> String {
    switch kind {
    case .udp500, .udp4500:
      "another IKE program (charon of strongSwan, pluto of Libreswan, racoon) or another drawbridge"
    case .udp1701: "another L2TP program (xl2tpd, accel-ppp) or another drawbridge"
    case .rawESP: "another program"
    }
  }

  /// The TUN device cannot be made.
  static func tun(_ error: TUNDeviceError) -> ControlError {
    switch error {
    case .noDriver:
      ControlError(
        .refused, "\(error)", cause: "there is no /dev/net/tun here, or no driver behind it",
        nextStep: "modprobe tun, or give the container the device /dev/net/tun; tun: none works "
          + "without")
    case .notPermitted:
      ControlError(
        .refused, "\(error)", cause: "this process lacks CAP_NET_ADMIN", nextStep: grant)
    case .nameTaken:
      ControlError(
        .refused, "\(error)", cause: "another program made it, or another drawbridge runs",
        nextStep: "choose another name with --tun or tun.name")
    case .nameInvalid:
      ControlError(
        .refused, "\(error)", cause: "a typing error",
        nextStep: "choose another name with --tun or tun.name")
    case .failed:
      ControlError(
        .refused, "\(error)", cause: "the system refuses", nextStep: "see the error above")
    }
  }

  /// An interface, address or route cannot be changed.
  static func network(_ error: SystemError) -> ControlError {
    guard error.isMissingPrivilege else {
      return ControlError(
        .refused, "\(error)", cause: "the system refuses", nextStep: "see the error above")
    }
    return ControlError(
      .refused, "\(error)", cause: "this process lacks CAP_NET_ADMIN", nextStep: grant)
  }

  /// A network cannot be routed into the tunnel.
  static func route(_ prefix: IPPrefix, _ error: SystemError) -> ControlError {
    guard error.errno == EEXIST else { return .network(error) }
    return ControlError(
      .refused, "\(prefix) is routed elsewhere already",
      cause: "the host has a route to the same network",
      nextStep: "see ip route; choose another network, or remove that route")
  }

  /// There is no way to the gateway.
  static func unreachable(_ gateway: IPAddress, _ error: SystemError) -> ControlError {
    ControlError(
      .unreachable, "no route leads to \(gateway)", cause: "\(error)",
      nextStep: "check the network connection and the address")
  }

  /// A thread, a poller or the like.
  static func resources(_ error: SystemError) -> ControlError {
    ControlError(
      .limitReached, "\(error)", cause: "the system or a limit of this process is exhausted",
      nextStep: "see ulimit -n and the memory left")
  }

  /// A descriptor of the loop broke while it ran: the interface was deleted, say.
  static func brokenDescriptor(_ error: SystemError) -> ControlError {
    ControlError(
      .cut, "\(error)", cause: "somebody removed the interface, or the system is out of order",
      nextStep: "start it again")
  }
}
