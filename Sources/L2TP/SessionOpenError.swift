/// Why a session cannot be opened.
public enum SessionOpenError: Error, Hashable, Sendable {
  /// The tunnel is closed.
  case tunnelClosed
  /// Only the LAC forwards calls; outgoing calls (OCRQ) are not placed.
  case notLAC
  /// The tunnel is draining.
  case draining
  /// As many sessions as the tunnel may have at one time.
  case sessionsMax
  /// As many sessions as the tunnel may have in its life.
  case spent
  /// The peer acknowledges nothing, and too much waits for it already.
  case backlog
}
