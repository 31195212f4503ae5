import Endpoint
import Primitives

/// CS-5: a client's tunnel that was up and is gone never comes back by itself.
public struct ReturnChecker: Checker {
  private var hasBeenUp = false
  private var isOver = false
  private var isDown = false

  public init() {}

  public mutating func note(_ occurrence: Occurrence, at now: Instant) throws(BrokenPromise) {
    switch occurrence {
    case .connectionUp, .tunnelUp, .sessionUp:
      try promise(!isOver, "CS-5", at: now, "the tunnel came back by itself")
      if case .tunnelUp = occurrence { hasBeenUp = true }
    case .pairUp:
      // While its tunnel's records last, the connection stands and is rekeyed (LT-3).
      try promise(!isDown, "CS-5", at: now, "the connection came back by itself")
    case .tunnelClosed: isOver = isOver || hasBeenUp
    case .connectionDown:
      isOver = true
      isDown = true
    default: break
    }
  }
}
