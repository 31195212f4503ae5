import Agent
import Control
import Endpoint
import Logging
import Primitives
import Settings

extension Runtime {
  /// One dialled tunnel inside a program that has other things to do: it takes no signal, tells the
  /// service manager nothing, and is looked at without waiting for it.
  public struct VPNTunnel: Sendable {
    private let service: HostService<DialHost>
    private let board: TunnelBoard

    /// Nothing is opened before `start`.
    ///
    /// - Parameter onChange: called on any thread, when the tunnel comes up, and once when it is over
    ///   and nothing of it is left.
    /// - Throws: `refused` for a profile that the engines cannot follow.
    public init(
      _ configuration: DialConfiguration, logger: Logger, onChange: @escaping @Sendable () -> Void
    ) throws(ControlError) {
      let board = TunnelBoard(inactivity: configuration.inactivity, onChange: onChange)
      service = try Runtime.dial(
        configuration, version: "", logger: logger, takesSignals: false,
        onUp: { board.standsUp($0) })
      self.board = board
    }

    /// Dials, once; the tunnel lives on its own thread until it ends or `close` is called.
    public func start() {
      let (service, board) = (service, board)
      service.mailbox.post { loop, _ in loop.owner.onOver = { board.noteCause($0) } }
      Task {
        do throws(ControlError) {
          board.finish(.success(try await service.run()))
        } catch {
          board.finish(.failure(error))
        }
      }
    }

    /// What the tunnel does; its times and bytes are those of the last ``refresh()``.
    public var state: VPNAgentState { board.state }

    /// Asks for a new reading, which is in ``state`` a moment later.
    public func refresh() {
      guard board.wantsReading() else { return }
      let board = board
      service.mailbox.post { loop, now in
        board.note(loop.sessionRecords(at: now).first { $0.closing == nil })
      }
    }

    /// Closes the tunnel, telling the gateway; said twice, it does not wait for that.
    public func close(_ reason: CloseReason) {
      service.mailbox.post { loop, now in loop.end(.success(reason), at: now) }
    }
  }
}
