/// Which program answers (`GET /v1/version`).
public struct VersionReply: Codable, Hashable, Sendable {
  public enum Role: String, Codable, Sendable { case gateway, dial }

  /// The program's version, e.g. `0.1.0`.
  public var version: String
  /// The version of this interface; grows when something is removed or changes its meaning.
  public var apiVersion: Int
  public var role: Role
  public var processID: Int

  public init(version: String, apiVersion: Int = 1, role: Role, processID: Int) {
    self.version = version
    self.apiVersion = apiVersion
    self.role = role
    self.processID = processID
  }
}

/// Whether the process does its work (`GET /v1/health`).
public struct HealthReply: Codable, Hashable, Sendable {
  public var ready: Bool
  /// Why not; empty when ready.
  public var reasons: [String]
  public var uptimeSeconds: Double
  public var tunnels: Int
  public var sessions: Int

  public init(
    ready: Bool, reasons: [String] = [], uptimeSeconds: Double, tunnels: Int = 0, sessions: Int = 0
  ) {
    self.ready = ready
    self.reasons = reasons
    self.uptimeSeconds = uptimeSeconds
    self.tunnels = tunnels
    self.sessions = sessions
  }
}

/// What a reload did (`POST /v1/reload`).
public struct ReloadReply: Codable, Hashable, Sendable {
  /// Keys whose new values are in force, dotted.
  public var applied: [String]
  /// Keys whose new values wait for a restart.
  public var needsRestart: [String]
  public var warnings: [String]

  public init(applied: [String] = [], needsRestart: [String] = [], warnings: [String] = []) {
    self.applied = applied
    self.needsRestart = needsRestart
    self.warnings = warnings
  }
}
