import Foundation

/// What went wrong on the stage, told to the person who watches.
struct StageFailure: Error, CustomStringConvertible {
  var description: String
}

/// Network namespaces of the demonstration's own:
///
/// ```
/// client 192.168.77.2 ── 192.168.77.1 nat 203.0.113.2 ── 203.0.113.1 gateway (10.66.0.1 inside)
///                                     (ports rewritten)
/// ```
///
/// They live in a mount namespace of this process, so the kernel removes them when it ends, however
/// it ends.
struct Stage {
  static let gatewayAddress = "203.0.113.1"
  static let innerGateway = "10.66.0.1"
  static let pool = "10.66.0.0/24"
  static let gatewaySocket = "/run/gateway.sock"
  static let dialSocket = "/run/dial.sock"

  /// This program, to be run again.
  static var program: String {
    (try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")) ?? "drawbridge"
  }

  /// Builds the namespaces; the process is already in its own mount and network namespace.
  init() throws {
    try run("mount", "-t", "tmpfs", "tmpfs", "/run")
    try run("ip", "link", "set", "lo", "up")
    for name in ["gateway", "nat", "client"] {
      try run("ip", "netns", "add", name)
      try run("ip", "-n", name, "link", "set", "lo", "up")
    }
    try link("gateway", "wan", "203.0.113.1/24", "nat", "wan", "203.0.113.2/24")
    try link("client", "lan", "192.168.77.2/24", "nat", "lan", "192.168.77.1/24")
    try run("ip", "-n", "client", "route", "add", "default", "via", "192.168.77.1")
    try run("ip", "netns", "exec", "nat", "sysctl", "-qw", "net.ipv4.ip_forward=1")
    try run(
      "ip", "netns", "exec", "nat", "nft",
      """
      table ip nat {
        chain post {
          type nat hook postrouting priority srcnat
          oifname "wan" masquerade random
        }
      }
      """)
  }

  private func link(
    _ first: String, _ firstName: String, _ firstAddress: String, _ second: String,
    _ secondName: String, _ secondAddress: String
  ) throws {
    try run(
      "ip", "-n", first, "link", "add", firstName, "type", "veth", "peer", "name", secondName,
      "netns", second)
    for (name, link, address) in [
      (first, firstName, firstAddress), (second, secondName, secondAddress),
    ] {
      try run("ip", "-n", name, "address", "add", address, "dev", link)
      try run("ip", "-n", name, "link", "set", link, "up")
    }
  }

  private func run(_ arguments: String...) throws {
    let (code, output) = try Child.run(arguments)
    guard code == 0 else {
      throw StageFailure(
        description: "`\(arguments.joined(separator: " "))` ended with \(code): \(output)")
    }
  }
}
