import Control
import LinuxIO
import Primitives
import Settings

/// Which address a client dials from.
enum DialAddress {
  /// The configured address, or the one that the routing table takes for the gateway.
  static func choose(_ settings: DialConfiguration) throws(ControlError) -> IPAddress {
    if let address = settings.listen.addresses.first, !address.isUnspecified { return address }
    do throws(SystemError) {
      var netlink = try Netlink()
      guard let source = try netlink.route(to: settings.gateway).source else {
        throw SystemError(
          "look up our address towards \(settings.gateway)", errno: SystemError.noAddress)
      }
      return source
    } catch {
      throw .unreachable(settings.gateway, error)
    }
  }
}

extension ControlError {
  /// Our sockets can do no plain ESP, and the profile forbids the other kind.
  static func needsNATTraversal(_ why: String) -> ControlError {
    ControlError(
      .refused, "natTraversal is off, but \(why)",
      cause: "plain ESP needs UDP ports 500 and 4500 and CAP_NET_RAW",
      nextStep: "free the ports and grant CAP_NET_RAW, or set isakmp.natTraversal to on")
  }
}
