import Broker
import ConnectionService
import Control
import Foundation

@testable import EventFiles

extension FuzzTarget {
  /// A file of events, as `events verify` reads it: the same verdict wherever it is cut, and no
  /// event taken that does not follow from the one before it.
  static let eventFile = FuzzTarget(
    name: "event-file", inputBytesMax: 8_192,
    seeds: {
      let lines = BrokerConversation.made.eventLines
      let whole = lines.joined(separator: "\n") + "\n"
      let parts = [whole, lines.dropFirst(3).joined(separator: "\n") + "\n", lines[0], ""]
      return parts.flatMap { part in [0, 63].map { [$0] + Array(part.utf8) } }
        + lines.map { [9] + Array($0.utf8) + [0x0a] }
    },
    words: BrokerWords.fields + ServiceEvent.Kind.allCases.map { "\"\($0.rawValue)\"" },
    run: { input in
      guard let step = input.first else { return }
      let bytes = Array(input.dropFirst())
      let whole = verdict(on: [bytes])
      // Some sixteen parts: what is not yet a line is looked through again with every part.
      let length = bytes.count / 16 + Int(step) % 64 + 1
      let cut = stride(from: 0, to: bytes.count, by: length).map {
        Array(bytes[$0..<min($0 + length, bytes.count)])
      }
      require(verdict(on: cut) == whole, "where a file is cut changes the verdict")
      guard case .success(let summary) = whole, summary.events > 0 else { return }
      require(
        summary.last &- summary.first &+ 1 == UInt64(summary.events),
        "\(summary.events) events from \(summary.first) to \(summary.last)")
    })

  private static func verdict(
    on chunks: [[UInt8]]
  ) -> Result<EventFileCheck.Summary, ControlError> {
    var check = EventFileCheck(path: "events.jsonl")
    do throws(ControlError) {
      for chunk in chunks { try check.take(Data(chunk)) }
      return .success(try check.finish())
    } catch {
      return .failure(error)
    }
  }
}
