/// Triggers that keep the events one gapless, unchangeable chain, and wake whoever waits for more.
///
/// They also move `event_head`, so that an append is one statement. SQLite and PostgreSQL write
/// triggers differently; these do the same.
enum EventGuard {
  /// PostgreSQL's channels (`NOTIFY`).
  static let eventsChannel = "drawbridge_events"
  static let commandsChannel = "drawbridge_commands"

  private static let outOfOrder = "an event does not follow the last one"
  private static let changed = "events are never changed"

  static func statements(_ sql: SQLDialect) -> [String] {
    switch sql.engine {
    case .sqlite: sqlite
    case .postgreSQL: postgreSQL
    }
  }

  private static let sqlite = [
    """
    CREATE TRIGGER events_appended AFTER INSERT ON events BEGIN
      SELECT RAISE(ABORT, '\(outOfOrder)') WHERE NOT EXISTS (
        SELECT 1 FROM event_head
        WHERE sequence = NEW.sequence - 1 AND hash = NEW.previous_hash);
      UPDATE event_head SET sequence = NEW.sequence, hash = NEW.hash;
    END
    """,
    "CREATE TRIGGER events_updated BEFORE UPDATE ON events"
      + " BEGIN SELECT RAISE(ABORT, '\(changed)'); END",
    "CREATE TRIGGER events_deleted BEFORE DELETE ON events"
      + " BEGIN SELECT RAISE(ABORT, '\(changed)'); END",
  ]

  private static let postgreSQL = [
    """
    CREATE FUNCTION drawbridge_event_appended() RETURNS trigger LANGUAGE plpgsql AS '
    BEGIN
      UPDATE event_head SET sequence = NEW.sequence, hash = NEW.hash
        WHERE sequence = NEW.sequence - 1 AND hash = NEW.previous_hash;
      IF NOT FOUND THEN RAISE EXCEPTION ''\(outOfOrder)''; END IF;
      PERFORM pg_notify(''\(eventsChannel)'', '''');
      RETURN NULL;
    END'
    """,
    "CREATE TRIGGER events_appended AFTER INSERT ON events"
      + " FOR EACH ROW EXECUTE FUNCTION drawbridge_event_appended()",
    """
    CREATE FUNCTION drawbridge_event_changed() RETURNS trigger LANGUAGE plpgsql AS '
    BEGIN
      RAISE EXCEPTION ''\(changed)'';
    END'
    """,
    "CREATE TRIGGER events_changed BEFORE UPDATE OR DELETE OR TRUNCATE ON events"
      + " FOR EACH STATEMENT EXECUTE FUNCTION drawbridge_event_changed()",
    """
    CREATE FUNCTION drawbridge_command_inserted() RETURNS trigger LANGUAGE plpgsql AS '
    BEGIN
      PERFORM pg_notify(''\(commandsChannel)'', '''');
      RETURN NULL;
    END'
    """,
    "CREATE TRIGGER commands_inserted AFTER INSERT ON commands"
      + " FOR EACH STATEMENT EXECUTE FUNCTION drawbridge_command_inserted()",
  ]
}
