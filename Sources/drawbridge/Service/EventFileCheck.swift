import Broker
import ConnectionService
import Control
import Foundation

/// Holds a file of events against its chain of hashes.
struct EventFileCheck {
  /// What a whole file amounts to.
  struct Summary: Codable, Hashable, Sendable {
    var events: Int
    /// Sequences of the first and last event.
    var first: UInt64
    var last: UInt64
  }

  /// The longest line that is read, in bytes.
  private static let lineBytesMax = 1 << 20

  let path: String
  private var head: EventHead?
  private var summary = Summary(events: 0, first: 0, last: 0)
  private var linesTaken = 0
  /// The beginning of a line whose end is not here yet.
  private var rest = Data()

  init(path: String) { self.path = path }

  /// Reads line by line: a file of years need not fit into memory.
  ///
  /// - Throws: `notFound` for a file that cannot be read, `refused` for the first event that does
  ///   not follow from the one before it.
  static func run(path: String) throws -> Summary {
    guard let file = FileHandle(forReadingAtPath: path) else {
      throw ControlError(
        .notFound, "\(path) cannot be read", cause: "it does not exist, or belongs to another user",
        nextStep: "name the file that events.file of the broker's configuration names")
    }
    defer { try? file.close() }
    var check = EventFileCheck(path: path)
    while let chunk = try file.read(upToCount: 1 << 16), !chunk.isEmpty { try check.take(chunk) }
    return try check.finish()
  }

  /// Takes the next part of the file, cut anywhere.
  mutating func take(_ chunk: Data) throws(ControlError) {
    rest += chunk
    while let end = rest.firstIndex(of: 0x0A) {
      linesTaken += 1
      try take(line: rest[..<end])
      rest = Data(rest[rest.index(after: end)...])
    }
    guard rest.count <= Self.lineBytesMax else { throw broken(linesTaken + 1, "it has no end") }
  }

  /// The file ends here.
  func finish() throws(ControlError) -> Summary {
    guard rest.isEmpty else { throw broken(linesTaken + 1, "it was cut off in the middle") }
    return summary
  }

  private mutating func take(line: Data) throws(ControlError) {
    guard let cloud = try? ControlJSON.decode(CloudEvent.self, from: line) else {
      throw broken(linesTaken, "it is no event")
    }
    let event = cloud.data
    if summary.events == 0 {
      summary.first = event.sequence
      // A file that was rotated begins in the middle; what came before is in an older one.
      if event.sequence > 1 {
        head = EventHead(sequence: event.sequence - 1, hash: event.previousHash)
      }
    }
    do throws(EventChain.Fault) {
      head = try EventChain.verify([event], after: head)
    } catch {
      throw broken(linesTaken, error.sentence)
    }
    summary.events += 1
    summary.last = event.sequence
  }

  private func broken(_ line: Int, _ what: String) -> ControlError {
    ControlError(
      .refused, "line \(line) of \(path) breaks the chain: \(what)",
      cause: "the file was changed after the broker wrote it, or a part of it is missing",
      nextStep: "compare with the broker's own record: drawbridge events --json")
  }
}

extension EventChain.Fault {
  /// What is wrong, as it is said of a line.
  fileprivate var sentence: String {
    switch self {
    case .changed(let sequence): "event \(sequence) is not what was recorded"
    case .missing(let sequence): "the event after \(sequence) is missing"
    case .unlinked(let sequence): "event \(sequence) does not follow the one before it"
    }
  }
}
