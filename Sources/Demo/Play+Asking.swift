import Foundation

// Questions to the broker, and what is waited for.
extension Play {
  /// Runs a person's command and shows it with its output.
  @discardableResult
  func tell(
    _ broker: Service, _ person: String, _ space: String, _ words: [String]
  ) throws -> (code: Int32, output: String) {
    let result = try Child.run(broker.command(of: person, in: space, words), within: 75)
    narrator.show("\(person)$ drawbridge " + words.joined(separator: " "))
    narrator.show(result.output)
    return result
  }

  /// The events of one type so far, the oldest first.
  func events(_ broker: Service, _ type: String) throws -> [[String: Any]] {
    let (_, output) = try Child.run(
      broker.command(
        of: "admin", in: "gateway", ["events", "--type", type, "--limit", "200", "--json"]))
    return try object(output)["items"] as? [[String: Any]] ?? []
  }

  /// Waits for an event and gives its line; `nil` when it does not come.
  ///
  /// - Parameter count: how many of the type there must be.
  func event(
    _ broker: Service, _ type: String, count: Int = 1, within seconds: Int
  ) throws -> String? {
    let watch = try Child(
      "events",
      ["timeout", "\(seconds)"]
        + broker.command(
          of: "admin", in: "gateway", ["events", "--type", type, "--follow", "--limit", "200"]))
    defer { watch.stop() }
    return watch.lines(containing: type, count: count, within: Double(seconds)).last
  }

  /// The device's tunnel as the broker knows it.
  func state(_ broker: Service) throws -> (phase: String, address: String) {
    let (_, output) = try Child.run(
      broker.command(of: "admin", in: "gateway", ["device", "list", "--json"]))
    let device = (try object(output)["items"] as? [[String: Any]])?.first
    let tunnel = device?["tunnel"] as? [String: Any]
    return (device?["phase"] as? String ?? "", tunnel?["vpnAddress"] as? String ?? "")
  }

  /// The JSON object that a command printed after what it told the person.
  func object(_ output: String) throws -> [String: Any] {
    guard let start = output.firstIndex(of: "{"),
      let object = try JSONSerialization.jsonObject(with: Data(output[start...].utf8))
        as? [String: Any]
    else { throw StageFailure(description: output) }
    return object
  }
}
