import Foundation

/// What went wrong on the stage, told to the person who watches.
struct StageFailure: Error, CustomStringConvertible {
  var description: String
}

/// Network namespaces of the demonstration's own:
///
/// ```
/// device 192.168.77.2 ── 192.168.77.1 nat 203.0.113.2 ──┐
///                            (ports rewritten)          │
/// anna 203.0.113.11 ────────────────────────────────────┤ the internet, a switch
/// ben  203.0.113.12 ────────────────────────────────────┤
/// carl 203.0.113.13 ────────────────────────────────────┤
///        broker and gateway 203.0.113.1 (10.66.0.1 inside)
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

  private static let internet = "internet"
  private static let hosts = [
    ("gateway", "203.0.113.1/24"), ("nat", "203.0.113.2/24"), ("anna", "203.0.113.11/24"),
    ("ben", "203.0.113.12/24"), ("carl", "203.0.113.13/24"),
  ]

  /// Builds the namespaces; the process is already in its own mount and network namespace.
  init() throws {
    try run("mount", "-t", "tmpfs", "tmpfs", "/run")
    try run("ip", "link", "set", "lo", "up")
    for name in [Self.internet, "device"] + Self.hosts.map(\.0) {
      try run("ip", "netns", "add", name)
      try run("ip", "-n", name, "link", "set", "lo", "up")
    }
    try run("ip", "-n", Self.internet, "link", "add", "switch", "type", "bridge")
    try run("ip", "-n", Self.internet, "link", "set", "switch", "up")
    for (name, address) in Self.hosts { try plug(name, address) }
    try putBehindNAT("device")
  }

  /// Connects a host's `wan` with the switch.
  private func plug(_ name: String, _ address: String) throws {
    try run(
      "ip", "-n", name, "link", "add", "wan", "type", "veth", "peer", "name", name, "netns",
      Self.internet)
    try run("ip", "-n", Self.internet, "link", "set", name, "master", "switch", "up")
    try run("ip", "-n", name, "address", "add", address, "dev", "wan")
    try run("ip", "-n", name, "link", "set", "wan", "up")
  }

  private func putBehindNAT(_ name: String) throws {
    try run(
      "ip", "-n", name, "link", "add", "lan", "type", "veth", "peer", "name", "lan", "netns",
      "nat")
    for (space, address) in [(name, "192.168.77.2/24"), ("nat", "192.168.77.1/24")] {
      try run("ip", "-n", space, "address", "add", address, "dev", "lan")
      try run("ip", "-n", space, "link", "set", "lan", "up")
    }
    try run("ip", "-n", name, "route", "add", "default", "via", "192.168.77.1")
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

  private func run(_ arguments: String...) throws {
    let (code, output) = try Child.run(arguments)
    guard code == 0 else {
      throw StageFailure(
        description: "`\(arguments.joined(separator: " "))` ended with \(code): \(output)")
    }
  }
}
