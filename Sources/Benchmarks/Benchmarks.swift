import Foundation

/// Measures what the project promises about speed. Every figure stands beside its reference,
/// measured in the same run, so that the ratio holds on any machine.
@main
enum Benchmarks {
  private static let parts = ["keys", "ciphers", "path", "counts", "memory", "tcp", "service"]
  private static let usage =
    "usage: benchmarks [--json] [--quick] [\(parts.joined(separator: "|")) …]"

  private struct Report: Encodable {
    /// Raised when a field changes its meaning.
    var version = 1
    var figures: [Figure]
  }

  static func main() {
    var arguments = Set(CommandLine.arguments.dropFirst())
    let isJSON = arguments.remove("--json") != nil
    let effort = arguments.remove("--quick") != nil ? Effort.quick : .usual
    guard arguments.isSubset(of: parts) else {
      FileHandle.standardError.write(Data((usage + "\n").utf8))
      exit(2)
    }
    func isWanted(_ name: String) -> Bool { arguments.isEmpty || arguments.contains(name) }
    var figures: [Figure] = []
    if isWanted("keys") { figures += KeyExchangeFigures(effort: effort).measure() }
    if isWanted("ciphers") { figures += CipherFigures(effort: effort).measure() }
    if isWanted("path") { figures += PacketPathFigures(effort: effort).measure() }
    if isWanted("counts") { figures += PacketPathFigures(effort: effort).count() }
    if isWanted("memory") { figures += MemoryFigures(effort: effort).measure() }
    if isWanted("tcp") { figures += TunnelFigures(effort: effort).measure() }
    if isWanted("service") { figures += ServiceFigures(effort: effort).measure() }
    isJSON ? printJSON(figures) : print(Table.text(of: figures))
  }

  private static func printJSON(_ figures: [Figure]) {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.prettyPrinted, .sortedKeys]
    guard let data = try? encoder.encode(Report(figures: figures)) else { exit(1) }
    print(String(decoding: data, as: UTF8.self))
  }
}
