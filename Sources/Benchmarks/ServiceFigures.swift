import Foundation

/// What the connection service costs: memory of attached devices, a connect's time in the broker,
/// everybody at once, the weight of the console.
struct ServiceFigures {
  /// One figure of `Scripts/bench.d/service.py`.
  private struct Measured: Decodable {
    var name: String
    var unit: Figure.Unit
    var value: Double?
    var limit: Double?
    /// What else is to be known of it.
    var says: String?
    var problem: String?
  }

  private static let script = BenchScript(path: "Scripts/bench.d/service.py")

  var effort: Effort

  func measure() -> [Figure] {
    let output = Self.script.run(effort.isQuick ? ["--quick"] : [])
    let measured = (try? JSONDecoder().decode([Measured].self, from: output)) ?? []
    guard !measured.isEmpty else {
      return [
        Figure(
          name: "the connection service", unit: .errors,
          referenceName: "not measured: \(Self.script.path) failed")
      ]
    }
    return measured.map { one in
      let promise = one.limit.map { $0 > 0 ? ["the promise"] : ["none wanted"] } ?? []
      let says = [one.says ?? ""].filter { !$0.isEmpty }
      return Figure(
        name: one.name, unit: one.unit, ours: one.value,
        referenceName: one.problem.map { "not measured: \($0)" }
          ?? (promise + says).joined(separator: "; "),
        reference: one.limit, target: one.limit.flatMap { $0 > 0 ? 1 : nil })
    }
  }
}
