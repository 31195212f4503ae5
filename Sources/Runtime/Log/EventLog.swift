import Endpoint
import Logging
import Primitives

/// Writes one line for every event; floods are cut.
struct EventLog {
  private let logger: Logger
  /// Where keys go, when somebody wants to read a capture.
  private let keys: CaptureKeys?
  private var limiter = LineLimiter()

  init(_ logger: Logger, keys: CaptureKeys? = nil) {
    self.logger = logger
    self.keys = keys
  }

  /// Writes an event's line, unless too many of its kind were written in this second.
  mutating func note(_ event: EndpointEvent, at now: Instant) {
    keys?.note(event)
    let line = EventLine(event)
    let (isAdmitted, suppressed) = limiter.admit(line.code, at: now)
    if suppressed > 0 {
      logger.log(level: line.level, "\(line.code) suppressed=\(suppressed)")
    }
    guard isAdmitted else { return }
    logger.log(level: line.level, "\(line.text)")
  }

  /// Something of ours is broken.
  func fault(_ text: String) { logger.error("fault \(text)") }
}
