import Broker
import ConnectionService
import Foundation

@testable import BrokerServer

extension FuzzTarget {
  /// What a device reports, and what a person asks for, all the way through the broker's rules: one
  /// JSON text a line, those of the person with a `>` in front. Whatever they say, the record of
  /// events holds.
  static let brokerReport = FuzzTarget(
    name: "broker-report", inputBytesMax: 4_096,
    seeds: {
      let made = BrokerConversation.made
      let asked = "> {\"inactivitySeconds\":300,\"note\":\"why\"}\n> {}\n"
      let all = asked + made.reports.joined(separator: "\n")
      return ([all] + made.reports.map { asked + $0 }).map { Array($0.utf8) }
    },
    words: BrokerWords.fields + ["\n> {}\n"],
    run: { input in
      guard var stage = try? BrokerStage() else {
        return require(false, "the broker does not begin")
      }
      for line in input.split(separator: 0x0a) { say(Array(line), to: &stage) }
      let events = stage.events
      do throws(EventChain.Fault) {
        _ = try EventChain.verify(events)
      } catch {
        require(false, "the chain of events is broken: \(error)")
      }
      // The newest are what the input made; writing and reading takes longer than all the rest.
      for event in events.suffix(3) {
        let cloud = CloudEvent(event, broker: stage.broker.name)
        let line = (try? JSONEncoder().encode(cloud)) ?? Data()
        let read = try? JSONDecoder().decode(CloudEvent.self, from: line)
        require(read?.data == event, "an event that is written and read is another one: \(event)")
        require(!line.contains(0x0a), "an event of two lines")
      }
    })

  private static func say(_ line: [UInt8], to stage: inout BrokerStage) {
    if line.first == UInt8(ascii: ">") {
      guard
        let request = try? StrictDecoder.decode(ConnectRequest.self, from: Array(line.dropFirst()))
      else { return }
      try? stage.connect(request)
    } else if let report = try? StrictDecoder.decode(DeviceReport.self, from: line) {
      guard let receipt = try? stage.broker.receive(report, from: stage.device) else { return }
      require(
        (try? stage.broker.receive(report, from: stage.device)) == receipt,
        "a report that is told again is heard in another way")
    }
  }
}
