import Control
import LinuxIO
import Logging
import Primitives

/// What a service gives to whoever builds its loop, on the loop's own thread.
struct LoopParts<Owner: LoopOwner & ~Copyable> {
  let logger: Logger
  let mailbox: Mailbox<Owner>
  let workers: KeyExchangeWorkers
  let environment: LoopEnvironment

  /// - Throws: `limitReached` when the system has no poller for us.
  func makeLoop(
    _ owner: consuming Owner, ports: [any OuterPorting], inner: InnerPort?, packetBytesMax: Int,
    captureKeys folder: String?
  ) throws(ControlError) -> HostLoop<Owner> {
    var keys: CaptureKeys?
    if let folder {
      keys = try CaptureKeys(folder: folder)
      logger.warning("keys are written to \(folder): whoever reads them reads the traffic")
    }
    do throws(SystemError) {
      return try HostLoop(
        owner: owner, ports: ports, inner: inner, mailbox: mailbox, workers: workers,
        log: EventLog(logger, keys: keys), environment: environment, packetBytesMax: packetBytesMax)
    } catch {
      throw .resources(error)
    }
  }
}
