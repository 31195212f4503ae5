import Primitives

/// Keeps a flood of equal events from becoming a flood of lines: so many of each code in a second,
/// then a count of those left out.
struct LineLimiter: Sendable {
  /// Lines of one code in one window.
  static let linesMax = 10
  static let window = Duration.seconds(1)

  private struct Window: Sendable {
    var begins: Instant
    var lines = 0
    var suppressed: UInt64 = 0
  }

  private var windows: [String: Window] = [:]

  /// Whether a line of this code may be written now, and how many were left out before it.
  ///
  /// Codes are ours, not the peers': the table stays as small as the list of codes.
  mutating func admit(_ code: String, at now: Instant) -> (isAdmitted: Bool, suppressed: UInt64) {
    var current = windows[code] ?? Window(begins: now)
    var suppressed: UInt64 = 0
    if now - current.begins >= Self.window {
      suppressed = current.suppressed
      current = Window(begins: now)
    }
    let isAdmitted = current.lines < Self.linesMax
    if isAdmitted {
      current.lines += 1
    } else {
      current.suppressed &+= 1
    }
    windows[code] = current
    return (isAdmitted, suppressed)
  }
}
