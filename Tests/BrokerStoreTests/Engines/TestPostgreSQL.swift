import Foundation
import Synchronization

@testable import BrokerStore

/// A PostgreSQL server of the tests' own: in a temporary folder, on a UNIX socket alone.
///
/// A shell looks after it and reads commands from a pipe. When the pipe ends, because the tests are
/// done or died in whatever way, the shell stops the server and removes the folder.
final class TestPostgreSQL: Sendable {
  /// Said when something is missing or fails: these tests are never skipped.
  struct Problem: Error, CustomStringConvertible {
    let description: String
  }

  private static let program = "/usr/lib/postgresql/15/bin"
  private static let started: Result<TestPostgreSQL, any Error> = Result {
    let server = try TestPostgreSQL()
    // In order, and before the process is gone: nothing is left when the tests are done.
    atexit { try? TestPostgreSQL.started.get().shell.end() }
    return server
  }

  /// One server for the whole run.
  static var shared: TestPostgreSQL {
    get throws { try started.get() }
  }

  private let folder: String
  private let shell: TestShell
  private let databaseCount = Atomic(0)

  init() throws {
    guard FileManager.default.isExecutableFile(atPath: Self.program + "/postgres") else {
      throw Problem(
        description: "PostgreSQL 15 is missing: apt-get install postgresql-15"
          + " (looked for \(Self.program)/postgres)")
    }
    folder = NSTemporaryDirectory() + "/pg-\(UUID().uuidString.prefix(8))"
    shell = try TestShell(script: Self.script, arguments: [Self.program, folder])
    let answer = shell.nextLine()
    guard answer == "done" else {
      throw Problem(description: "PostgreSQL does not start: \(answer ?? "no answer")")
    }
  }

  /// As in a crash: without a word to anybody.
  func stop() throws { try command("stop") }
  func start() throws { try command("start") }

  private func command(_ word: String) throws {
    let answer = shell.ask(word)
    guard answer == "done" else { throw Problem(description: "\(word): \(answer ?? "no answer")") }
  }

  /// A new, empty database; returns its conninfo.
  func makeDatabase() throws -> String {
    let name = "test\(databaseCount.add(1, ordering: .relaxed).newValue)"
    try PostgreSQLSession(conninfo: conninfo("postgres")).command("CREATE DATABASE \(name)")
    return conninfo(name)
  }

  private func conninfo(_ database: String) -> String {
    "host=\(folder) user=drawbridge dbname=\(database)"
  }

  /// PostgreSQL refuses root, so root becomes `postgres`. The databases sort as English does: what
  /// comes in byte order owes it to the schema.
  private static let script = #"""
    program=$1 folder=$2 user=
    [ "$(id -u)" = 0 ] && user=postgres
    server() {
      if [ -n "$user" ]; then
        setpriv --reuid="$user" --regid="$(id -g "$user")" --clear-groups -- "$@"
      else
        "$@"
      fi >> "$folder/log" 2>&1 < /dev/null
    }
    start() {
      server "$program/pg_ctl" -w -D "$folder/data" -l "$folder/server.log" -o "-c fsync=off \
        -c listen_addresses= -c unix_socket_directories=$folder -c max_connections=300 \
        -c shared_buffers=32MB" start
    }
    stop() { server "$program/pg_ctl" -w -D "$folder/data" -m immediate stop; }
    tell() { if "$@"; then echo done; else echo "failed: $(tail -n 3 "$folder/log" | tr '\n' ' ')"; fi; }
    create() {
      server "$program/initdb" -D "$folder/data" -N -U drawbridge -A trust -E UTF8 \
        --locale=C.UTF-8 --locale-provider=icu --icu-locale=en-US && start
    }
    trap 'stop; cd /; rm -rf "$folder"' EXIT
    mkdir -p "$folder" && cd "$folder" && { [ -z "$user" ] || chown "$user" .; }
    tell create
    while read -r command; do tell "$command"; done
    """#
}
