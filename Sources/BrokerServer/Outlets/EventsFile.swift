import ConnectionService
import Foundation
import Glibc
import Synchronization
import UnixSignals

/// Appends every event to a file: one CloudEvent in JSON a line, on the disk before the next batch.
///
/// Goes on after the last line that is there, so that a restart neither misses nor repeats one; an
/// empty file gets all events there are. SIGHUP makes it open its path again, for rotation.
struct EventsFile: Sendable {
  /// The last line is looked for in this many bytes.
  private static let lineBytesMax: UInt64 = 64 * 1024
  private static let retry = Duration.seconds(5)

  let path: String
  let served: ServedBroker

  /// Runs until the task is cancelled.
  func run() async {
    let mustReopen = ReopenFlag()
    await withDiscardingTaskGroup { group in
      group.addTask {
        for await _ in await UnixSignalsSequence(trapping: .sighup) { mustReopen.raise() }
      }
      group.addTask { await append(mustReopen) }
    }
  }

  private func append(_ mustReopen: ReopenFlag) async {
    var tail = EventTail(served: served, after: Self.lastSequence(in: path))
    var file: Int32?
    defer { if let file { Glibc.close(file) } }
    while let events = await tail.next() {
      var isWritten = false
      while !isWritten, !Task.isCancelled {
        if mustReopen.lower(), let old = file {
          Glibc.close(old)
          file = nil
        }
        do {
          let open = try file ?? PrivateFile.open(path, flags: O_WRONLY | O_CREAT | O_APPEND)
          file = open
          try PrivateFile.append(try Self.lines(events, broker: served.name), to: open, path: path)
          isWritten = true
        } catch {
          served.logger.error("events cannot be written to \(path): \(error); trying again")
          try? await Task.sleep(for: Self.retry)
        }
      }
    }
  }

  private static func lines(
    _ events: [ServiceEvent], broker: Name
  ) throws(Refusal) -> [UInt8] {
    var bytes: [UInt8] = []
    for event in events {
      bytes += Array(try Answer.encode(CloudEvent(event, broker: broker)))
      bytes.append(UInt8(ascii: "\n"))
    }
    return bytes
  }

  /// Of the last whole line; zero for a file without one.
  static func lastSequence(in path: String) -> UInt64 {
    guard let file = FileHandle(forReadingAtPath: path), let end = try? file.seekToEnd(),
      (try? file.seek(toOffset: end - min(end, lineBytesMax))) != nil,
      let bytes = try? file.readToEnd()
    else { return 0 }
    let lines = bytes.split(separator: UInt8(ascii: "\n"))
    for line in lines.reversed() {
      guard let event = try? JSONDecoder().decode(CloudEvent.self, from: line) else { continue }
      return event.data.sequence
    }
    return 0
  }
}

/// Raised by a signal, lowered by whoever obeys it.
private final class ReopenFlag: Sendable {
  private let flag = Atomic(false)

  func raise() { flag.store(true, ordering: .relaxed) }
  func lower() -> Bool { flag.exchange(false, ordering: .relaxed) }
}
