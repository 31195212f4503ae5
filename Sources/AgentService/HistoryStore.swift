import Agent
import ConnectionService
import Control
import Foundation
import GRDB
import Primitives

/// The device's history on stable storage: what is appended has survived a power loss when `append`
/// returns (CS-14, CS-15).
///
/// Beside the events it keeps what they add up to, in the same transactions: connections that are
/// open or used up, and every tunnel with the exact reason of its end.
public final class HistoryStore: Sendable {
  /// Events that one question reads.
  public static let pageMax = 1000
  /// Outdated events that one append removes at most.
  static let prunedMax = 100
  /// Tunnels whose ends are kept.
  static let tunnelsMax = 1000

  let database: DatabaseQueue
  /// How long, and how many, events are kept.
  let days: Int
  let entries: Int

  /// Opens or makes the file, for its owner alone.
  ///
  /// - Throws: `refused` for a file that cannot be used.
  public init(path: String, days: Int, entries: Int) throws(ControlError) {
    self.days = days
    self.entries = entries
    do {
      try Self.makeFile(path)
      var configuration = Configuration()
      configuration.journalMode = .wal
      database = try DatabaseQueue(path: path, configuration: configuration)
      // NORMAL, what WAL is given by default, may lose the last transactions with the power.
      try database.writeWithoutTransaction { try $0.execute(sql: "PRAGMA synchronous = FULL") }
      try HistorySchema.migrator.migrate(database)
    } catch {
      throw .history(path, error)
    }
  }

  private static func makeFile(_ path: String) throws {
    let folder = (path as NSString).deletingLastPathComponent
    let files = FileManager.default
    if !folder.isEmpty, !files.fileExists(atPath: folder) {
      try files.createDirectory(
        atPath: folder, withIntermediateDirectories: true,
        attributes: [.posixPermissions: NSNumber(value: 0o700)])
    }
    guard !files.fileExists(atPath: path) else { return }
    _ = files.createFile(
      atPath: path, contents: nil, attributes: [.posixPermissions: NSNumber(value: 0o600)])
  }

  /// Appends events in one transaction, and drops what is too old or too much.
  public func append(_ events: [HistoryEvent], at time: Timestamp) throws(ControlError) {
    guard !events.isEmpty else { return }
    try wrapped {
      try database.write { database in
        for event in events { try HistorySchema.append(event, to: database) }
        try prune(database, at: time)
      }
    }
  }

  /// Events after a sequence, in ascending order.
  public func events(
    after sequence: UInt64, limit: Int
  ) throws(ControlError) -> [HistoryEvent] {
    try wrapped {
      try database.read { database in
        try String.fetchAll(
          database, sql: "SELECT event FROM events WHERE sequence > ? ORDER BY sequence LIMIT ?",
          arguments: [Int64(clamping: sequence), min(limit, Self.pageMax)]
        ).map { try ControlJSON.decode(HistoryEvent.self, from: Data($0.utf8)) }
      }
    }
  }

  /// What a process that is gone left open (CS-14).
  public func remainder() throws(ControlError) -> Remainder {
    try wrapped { try database.read { try HistorySchema.remainder($0) } }
  }

  /// Keeps what the broker has of it.
  public func keep(_ mark: HistoryMark) throws(ControlError) {
    try wrapped { try database.write { try HistorySchema.set(mark, $0) } }
  }

  // The VPN agent's log

  public func tunnelDialled(
    _ tunnel: TunnelID, gateway: String, at time: Timestamp
  ) throws(ControlError) {
    try wrapped {
      try database.write { database in
        try database.execute(
          sql: "INSERT OR REPLACE INTO tunnels (id, gateway, dialled) VALUES (?, ?, ?)",
          arguments: [tunnel.text, gateway, time.milliseconds])
        try database.execute(
          sql: """
            DELETE FROM tunnels WHERE rowid <= (SELECT max(rowid) FROM tunnels) - ?
            """, arguments: [Self.tunnelsMax])
      }
    }
  }

  /// The VPN agent's own words on a tunnel's end.
  public func tunnelOver(
    _ tunnel: TunnelID, _ reason: CloseReason, detail: String, at time: Timestamp
  ) throws(ControlError) {
    try wrapped {
      try database.write {
        try $0.execute(
          sql: "UPDATE tunnels SET over = ?, reason = ?, detail = ? WHERE id = ?",
          arguments: [time.milliseconds, reason.rawValue, detail, tunnel.text])
      }
    }
  }

  /// The tunnels that were dialled last, the newest first.
  public func tunnels(limit: Int) throws(ControlError) -> [AgentTunnelRecord] {
    try wrapped {
      try database.read { database in
        try Row.fetchAll(
          database, sql: "SELECT * FROM tunnels ORDER BY rowid DESC LIMIT ?",
          arguments: [min(limit, Self.tunnelsMax)]
        ).compactMap(HistorySchema.tunnel)
      }
    }
  }

  /// By count always; by age only what the broker has, so that a clock that is wrong for a while
  /// loses nothing.
  private func prune(_ database: Database, at time: Timestamp) throws {
    try database.execute(
      sql: "DELETE FROM events WHERE sequence <= (SELECT max(sequence) FROM events) - ?",
      arguments: [entries])
    let oldest = time + .seconds(-86_400 * Int64(days))
    try database.execute(
      sql: """
        DELETE FROM events WHERE time < ? AND sequence <= ?
          AND sequence IN (SELECT sequence FROM events ORDER BY sequence LIMIT ?)
        """,
      arguments: [
        oldest.milliseconds, try HistorySchema.fact("acknowledged", database) ?? 0,
        Self.prunedMax,
      ])
  }

  private func wrapped<Result>(_ body: () throws -> Result) throws(ControlError) -> Result {
    do {
      return try body()
    } catch {
      throw .history(database.path, error)
    }
  }
}

extension ControlError {
  static func history(_ path: String, _ error: any Error) -> ControlError {
    ControlError(
      .refused, "the history \(path) cannot be used: \(error)",
      cause: "the disk is full or read-only, or the file belongs to somebody else",
      nextStep: "make room, or name another file with history.path; the agent does nothing that it "
        + "cannot record")
  }
}
