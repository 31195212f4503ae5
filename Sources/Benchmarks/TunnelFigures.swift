import Foundation

/// TCP through `drawbridge dial` and `drawbridge gateway` on this machine, beside other tunnels in
/// user space and the bare cable.
struct TunnelFigures {
  /// What `Scripts/bench.d/tcp.py` measured of one tunnel; rates in Gb/s, CPU in core-seconds of
  /// both ends for each GB, round trips in microseconds.
  private struct Tunnel: Decodable {
    var name: String
    var problem: String?
    var toGateway: Double?
    var toGatewayCPU: Double?
    var toClient: Double?
    var toClientCPU: Double?
    var roundTrip: Double?
  }

  private struct Reference {
    var tunnel: String
    var name: String
    var target: Double?
  }

  private static let script = BenchScript(path: "Scripts/bench.d/tcp.py")
  private static let gcm = Reference(tunnel: "drawbridge-gcm", name: "AES-128-GCM")
  private static let cbc = Reference(tunnel: "drawbridge-cbc", name: "AES-128-CBC+SHA1")
  private static let strongSwan = "strongSwan's own user-space ESP"
  private static let rivals = [
    Reference(tunnel: "strongswan-gcm", name: strongSwan, target: 10),
    Reference(tunnel: "wireguard-go", name: "wireguard-go", target: 1),
    Reference(tunnel: "softether", name: "SoftEther's SSL-VPN", target: 1),
  ]
  private static let bounds = [
    Reference(tunnel: "socat", name: "socat: no cipher, packet by packet", target: 0.7),
    Reference(tunnel: "cable", name: "the cable without a tunnel"),
  ]

  var effort: Effort

  func measure() -> [Figure] {
    let tunnels = run()
    func figure(
      _ what: String, _ ours: Reference, _ unit: Figure.Unit, _ value: KeyPath<Tunnel, Double?>,
      _ reference: Reference, target: Double?
    ) -> Figure {
      let problems = [
        (ours.name, tunnels[ours.tunnel]), (reference.name, tunnels[reference.tunnel]),
      ]
      .map { name, tunnel in tunnel.map { ($0.problem.map { "\(name): \($0)" }) } ?? nil }
      let missing = tunnels.isEmpty ? "\(Self.script.path) failed" : nil
      let problem = (problems + [missing]).compactMap { $0 }.first
      return Figure(
        name: "\(what), \(ours.name)", unit: unit, ours: tunnels[ours.tunnel]?[keyPath: value],
        referenceName: problem.map { "not measured: \($0)" } ?? reference.name,
        reference: tunnels[reference.tunnel]?[keyPath: value], target: target)
    }
    let directions: [(String, KeyPath<Tunnel, Double?>, cpu: KeyPath<Tunnel, Double?>)] = [
      ("to the gateway", \.toGateway, \.toGatewayCPU), ("to the client", \.toClient, \.toClientCPU),
    ]
    let old = Reference(tunnel: "strongswan-cbc", name: Self.strongSwan, target: 10)
    return directions.flatMap { direction, rate, cpu in
      (Self.rivals + Self.bounds).map {
        figure("TCP \(direction)", Self.gcm, .gigabitsPerSecond, rate, $0, target: $0.target)
      } + [
        figure("TCP \(direction)", Self.cbc, .gigabitsPerSecond, rate, old, target: old.target)
      ]
        + Self.rivals.map {
          figure("CPU of TCP \(direction)", Self.gcm, .coreSecondsPerGigabyte, cpu, $0, target: 1)
        }
    }
      + Self.rivals.map {
        figure("round trip", Self.gcm, .microseconds, \.roundTrip, $0, target: 1)
      }
  }

  private func run() -> [String: Tunnel] {
    let output = Self.script.run(effort.isQuick ? ["--quick"] : [])
    let tunnels = (try? JSONDecoder().decode([Tunnel].self, from: output)) ?? []
    return Dictionary(tunnels.map { ($0.name, $0) }) { first, _ in first }
  }
}
