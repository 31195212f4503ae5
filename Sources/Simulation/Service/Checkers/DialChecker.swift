import ConnectionService
import Primitives

/// CS-3, CS-5: a device has one tunnel, and dials only for a connect that has had none yet.
///
/// A connect that was interrupted while its tunnel was dialled may be asked again: that tunnel never
/// stood.
public struct DialChecker: Sendable {
  /// Connections that stood, or were turned down.
  private var served: Set<ConnectionID> = []

  public init() {}

  /// - Parameters:
  ///   - connection: the connect that is being obeyed; `nil` when nobody has asked.
  ///   - isAnotherLive: whether there is anything left of a tunnel that was dialled before.
  public func noteDial(
    for connection: ConnectionID?, isAnotherLive: Bool, at now: Instant
  ) throws(BrokenPromise) {
    try promise(!isAnotherLive, "CS-3", at: now, "dialled while another tunnel is there")
    guard let connection else {
      throw BrokenPromise("CS-5", at: now, "dialled although nobody has asked for it")
    }
    try promise(
      !served.contains(connection), "CS-5", at: now, "dialled again for \(connection)")
  }

  /// The device's history says what became of a connect.
  public mutating func note(_ line: HistoryEvent) {
    guard let connection = line.connection else { return }
    switch line.kind {
    case .connectionOpened, .connectionClosed: served.insert(connection)
    case .agentStarted, .tunnelEstablished, .establishmentFailed, .connectRefused, .tunnelClosed,
      .unexpectedClose:
      break
    }
  }
}
