import Endpoint
import Logging
import Primitives

/// Writes one line for every event; floods are cut.
struct EventLog {
  private let logger: Logger
  private var limiter = LineLimiter()

  init(_ logger: Logger) { self.logger = logger }

  /// Writes an event's line, unless too many of its kind were written in this second.
  mutating func note(_ event: EndpointEvent, at now: Instant) {
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
