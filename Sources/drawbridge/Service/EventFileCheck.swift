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
  /// - Throws: `notFound` for a file that cannot be read, `refused` for one without any event and
  ///   for the first event that does not follow from the one before it.
  static func run(path: String) throws(ControlError) -> Summary {
    guard let file = FileHandle(forReadingAtPath: path) else {
      throw unreadable(path, "it does not exist, or belongs to another user")
    }
    defer { try? file.close() }
    var check = EventFileCheck(path: path)
    while let chunk = try read(file, at: path), !chunk.isEmpty { try check.take(chunk) }
    return try check.finish()
  }

  private static func read(_ file: FileHandle, at path: String) throws(ControlError) -> Data? {
    do {
      return try file.read(upToCount: 1 << 16)
    } catch {
      throw unreadable(path, "it is a folder, or the disk has a fault")
    }
  }

  private static func unreadable(_ path: String, _ cause: String) -> ControlError {
    ControlError(
      .notFound, "\(path) cannot be read", cause: cause,
      nextStep: "name the file that events.file of the broker's configuration names")
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
    guard summary.events > 0 else {
      // Whoever empties the file must not make a record out of it that has nothing wrong.
      throw ControlError(
        .refused, "\(path) has no events", cause: "it was emptied, or no event has happened yet",
        nextStep: "compare with the broker's own record: drawbridge events --json")
    }
    return summary
  }

  private mutating func take(line: Data) throws(ControlError) {
    guard let cloud = try? ControlJSON.decode(CloudEvent.self, from: line) else {
      throw broken(linesTaken, "it is no event")
    }
    let event = cloud.data
    guard cloud.isAsRecorded else { throw broken(linesTaken, "its parts contradict each other") }
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

extension CloudEvent {
  /// The envelope repeats what the hash covers, and people read it there.
  fileprivate var isAsRecorded: Bool {
    let broker =
      source.hasPrefix(Self.sourcePrefix) ? source.dropFirst(Self.sourcePrefix.count) : ""
    return Name(String(broker)).map { self == CloudEvent(data, broker: $0) } ?? false
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
