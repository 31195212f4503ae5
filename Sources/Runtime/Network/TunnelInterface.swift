import Control
import LinuxIO
import Primitives

/// The kernel's side of a TUN device: its addresses and routes, all taken back at the end.
struct TunnelInterface: ~Copyable {
  /// Packets that wait for us before the kernel drops.
  private static let queuePackets = 1000

  let name: String
  private let link: LinkIndex
  private var netlink: Netlink
  private var changes = NetworkChanges()

  /// Takes over the interface of a TUN device of ours.
  init(named name: String, mtuBytes: Int) throws(ControlError) {
    do throws(SystemError) {
      var netlink = try Netlink()
      let link = try netlink.link(named: name).index
      try netlink.configure(link, mtuBytes: mtuBytes, queuePackets: Self.queuePackets, isUp: true)
      self.init(name: name, link: link, netlink: netlink)
    } catch {
      throw .network(error)
    }
  }

  private init(name: String, link: LinkIndex, netlink: consuming Netlink) {
    self.name = name
    self.link = link
    self.netlink = netlink
  }

  /// Lowers or raises the interface's MTU.
  mutating func setMTU(_ mtuBytes: Int) throws(ControlError) {
    do throws(SystemError) {
      try netlink.configure(link, mtuBytes: mtuBytes)
    } catch {
      throw .network(error)
    }
  }

  /// Adds an address of one host, with the other end of the link where that is known.
  mutating func add(_ address: IPv4Address, peer: IPv4Address? = nil) throws(ControlError) {
    let address = LinkAddress(
      .v4(address), prefixBits: 32, peer: peer.map(IPAddress.v4), on: link)
    do throws(SystemError) {
      try changes.add(address, with: &netlink)
    } catch {
      throw .network(error)
    }
  }

  /// Routes a network through the tunnel. A default route becomes two halves: they win over the
  /// host's own default route without touching it.
  mutating func add(routeTo prefix: IPPrefix, source: IPv4Address) throws(ControlError) {
    let halves = [IPv4Address(0), IPv4Address(0x8000_0000)].compactMap {
      IPPrefix(.v4($0), lengthBits: 1)
    }
    for prefix in prefix.lengthBits == 0 ? halves : [prefix] {
      do throws(SystemError) {
        try changes.add(Route(to: prefix, on: link, source: .v4(source)), with: &netlink)
      } catch {
        throw .route(prefix, error)
      }
    }
  }

  /// Keeps the path to `address` where it is now: what carries the tunnel must not go into it. What
  /// is pinned already stays as it is.
  mutating func pin(_ address: IPAddress) throws(ControlError) {
    do throws(SystemError) {
      guard let route = try netlink.route(to: address).pinned(address) else { return }
      try changes.add(route, with: &netlink)
    } catch  where error.errno == SystemError.exists {
      return
    } catch {
      throw .network(error)
    }
  }

  /// Takes everything back; returns what could not be.
  mutating func revert() -> [SystemError] { changes.revert(with: &netlink) }
}
