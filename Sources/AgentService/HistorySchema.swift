import Agent
import ConnectionService
import Control
import Cryptography
import Foundation
import GRDB
import Primitives

/// The tables of the history, and what an event does to them.
enum HistorySchema {
  static var migrator: DatabaseMigrator {
    var migrator = DatabaseMigrator()
    migrator.registerMigration("1") { database in
      try database.execute(
        sql: """
          CREATE TABLE events (
            sequence INTEGER PRIMARY KEY, time INTEGER NOT NULL, event TEXT NOT NULL);
          CREATE TABLE tunnels (
            id TEXT PRIMARY KEY, gateway TEXT NOT NULL DEFAULT '', dialled INTEGER NOT NULL,
            up INTEGER, isOpen INTEGER NOT NULL DEFAULT 0, over INTEGER, reason TEXT, detail TEXT);
          CREATE TABLE connections (
            id TEXT PRIMARY KEY, organisation TEXT, user TEXT, isOpen INTEGER NOT NULL);
          CREATE TABLE facts (name TEXT PRIMARY KEY, value INTEGER NOT NULL);
          """)
    }
    // Each file is a history of its own, with a name that no other has.
    migrator.registerMigration("2") { database in
      var random = SystemRandom()
      try database.execute(sql: "CREATE TABLE history (id TEXT NOT NULL)")
      try database.execute(
        sql: "INSERT INTO history (id) VALUES (?)", arguments: [HistoryID(using: &random).text])
    }
    return migrator
  }

  static func append(_ event: HistoryEvent, to database: Database) throws {
    let text = String(decoding: try ControlJSON.encode(event), as: UTF8.self)
    try database.execute(
      sql: "INSERT INTO events (sequence, time, event) VALUES (?, ?, ?)",
      arguments: [Int64(clamping: event.sequence), event.time.milliseconds, text])
    try set("sequence", to: Int64(clamping: event.sequence), database)
    switch event.kind {
    case .agentStarted, .establishmentFailed: break
    case .tunnelEstablished:
      guard let tunnel = event.tunnel else { return }
      try database.execute(
        sql: """
          INSERT INTO tunnels (id, dialled, up, isOpen) VALUES (?, ?, ?, 1)
            ON CONFLICT (id) DO UPDATE SET up = excluded.up, isOpen = 1
          """,
        arguments: [tunnel.text, event.time.milliseconds, event.time.milliseconds])
    case .tunnelClosed, .unexpectedClose:
      guard let tunnel = event.tunnel else { return }
      try database.execute(
        sql: """
          UPDATE tunnels SET isOpen = 0, over = coalesce(over, ?), reason = coalesce(reason, ?)
            WHERE id = ?
          """,
        arguments: [event.time.milliseconds, event.reason?.rawValue, tunnel.text])
    case .connectionOpened: try note(event, isOpen: true, database)
    case .connectionClosed, .connectRefused: try note(event, isOpen: false, database)
    }
  }

  /// Open ids and ids that are used up; of the latter as many as the agent remembers.
  private static func note(_ event: HistoryEvent, isOpen: Bool, _ database: Database) throws {
    guard let connection = event.connection, isOpen || isUsedUp(event) else { return }
    try database.execute(
      sql: """
        INSERT OR REPLACE INTO connections (id, organisation, user, isOpen) VALUES (?, ?, ?, ?)
        """,
      arguments: [connection.text, event.organisation?.text, event.user?.text, isOpen])
    try database.execute(
      sql: """
        DELETE FROM connections
          WHERE isOpen = 0 AND rowid <= (SELECT max(rowid) FROM connections) - ?
        """, arguments: [ConnectionAgent.closedConnectionsMax])
  }

  /// A refused connect whose id may not come again: one that had waited for the tunnel.
  private static func isUsedUp(_ event: HistoryEvent) -> Bool {
    event.kind == .connectionClosed || event.refusal == .establishmentFailed
      || event.refusal == .connectionClosed
  }

  static func remainder(_ database: Database) throws -> Remainder {
    let open = try Row.fetchAll(
      database, sql: "SELECT * FROM connections WHERE isOpen = 1 ORDER BY rowid")
    let closed = try String.fetchAll(
      database, sql: "SELECT id FROM connections WHERE isOpen = 0 ORDER BY rowid")
    let tunnel = try String.fetchOne(database, sql: "SELECT id FROM tunnels WHERE isOpen = 1")
    return Remainder(
      historyMark: try mark(database),
      historySequence: UInt64(clamping: try fact("sequence", database) ?? 0),
      openTunnel: tunnel.flatMap { TunnelID($0) },
      openConnections: open.compactMap { row in
        guard let text: String = row["id"], let id = ConnectionID(text) else { return nil }
        let organisation: String? = row["organisation"]
        let user: String? = row["user"]
        return Remainder.OpenConnection(
          id: id, organisation: organisation.flatMap { Name($0) }, user: user.flatMap { Name($0) })
      },
      closedConnections: closed.compactMap { ConnectionID($0) })
  }

  static func tunnel(_ row: Row) -> AgentTunnelRecord? {
    guard let text: String = row["id"], let id = TunnelID(text), let dialled: Int64 = row["dialled"]
    else { return nil }
    let (up, over): (Int64?, Int64?) = (row["up"], row["over"])
    let (reason, detail): (String?, String?) = (row["reason"], row["detail"])
    return AgentTunnelRecord(
      id: id, gateway: row["gateway"] ?? "", dialledAt: Timestamp(milliseconds: dialled),
      upAt: up.map { Timestamp(milliseconds: $0) },
      overAt: over.map { Timestamp(milliseconds: $0) },
      reason: reason.flatMap { CloseReason(rawValue: $0) },
      detail: detail.flatMap { $0.isEmpty ? nil : $0 })
  }

  private static func mark(_ database: Database) throws -> HistoryMark {
    let text = try String.fetchOne(database, sql: "SELECT id FROM history")
    guard let id = text.flatMap({ HistoryID($0) }) else {
      throw DatabaseError(message: "the history has no id")
    }
    return HistoryMark(
      id: id, acknowledged: UInt64(clamping: try fact("acknowledged", database) ?? 0))
  }

  static func set(_ mark: HistoryMark, _ database: Database) throws {
    try database.execute(sql: "UPDATE history SET id = ?", arguments: [mark.id.text])
    try set("acknowledged", to: Int64(clamping: mark.acknowledged), database)
  }

  static func fact(_ name: String, _ database: Database) throws -> Int64? {
    try Int64.fetchOne(database, sql: "SELECT value FROM facts WHERE name = ?", arguments: [name])
  }

  static func set(_ name: String, to value: Int64, _ database: Database) throws {
    try database.execute(
      sql: "INSERT OR REPLACE INTO facts (name, value) VALUES (?, ?)", arguments: [name, value])
  }
}
