import Broker
import BrokerClient
import BrokerServer
import ConnectionService
import LinuxIO
import Logging
import Primitives

/// One device behind a carrier's broker: the ledger, and what carries out what it wants.
actor PlayedDevice {
  /// How often the tunnel's times and numbers are looked at, in ticks of a second.
  private static let lookTicks = 30
  /// The same for a tunnel that has not been looked at.
  private static let firstLookTicks = 2
  /// Before another broker's hold on the device is looked at again.
  private static let holdPause = Duration.seconds(5)
  private static let pageItems = 200

  nonisolated let product: ProductID
  private let client: BrokerClient
  private let logger: Logger
  private var ledger: RelayLedger
  private var attachment: LocalAttachment?
  private var isPosting = false
  private var errands: AsyncStream<RelayErrand>.Continuation?
  private var wakes: AsyncStream<Void>.Continuation?

  init(_ product: ProductID, user: Name, client: BrokerClient, logger: Logger) {
    self.product = product
    self.client = client
    self.logger = logger
    ledger = RelayLedger(product: product, user: user)
  }

  // The carrier's side

  /// Takes the carrier's books, and its record of the device from where our broker has it.
  func catchUp(
    _ view: DeviceView, _ connections: [ConnectionView], from start: UInt64, to head: UInt64,
    _ desk: DeviceDesk
  ) async throws {
    let acknowledged: HistoryCounts
    do throws(Refusal) {
      acknowledged = try await desk.relayed(product).histories
    } catch {
      guard error.code == .deviceUnknown else { throw error }
      // Removed from our broker: nobody can ask for it.
      return
    }
    var selection = EventSelection()
    selection.productID = product
    selection.limit = 1
    selection.after = 0
    let first = try await client.events(selection).items.first
    selection.limit = Self.pageItems
    selection.after = ledger.begin(
      view, connections: connections, first: first, acknowledged: acknowledged, head: start)
    while true {
      let page = try await client.events(selection)
      for event in page.items where event.sequence <= head {
        if let id = ledger.unknownConnection(in: event) {
          ledger.learnEnded(try await client.connection(id))
        }
        try take(event)
      }
      guard let last = page.items.last, page.next != nil, last.sequence < head else { return }
      selection.after = last.sequence
    }
  }

  /// The next event of the carrier's.
  func receive(_ event: ServiceEvent) async throws {
    try take(event)
    if !ledger.isOnline { attachment?.wake() }
    wakes?.yield()
    await work()
  }

  private func take(_ event: ServiceEvent) throws(Refusal) {
    guard !ledger.isFull else {
      throw Refusal(
        .overloaded, "The history of \(product) waits for our broker's database.",
        cause: "The database is down or slow.", nextStep: "Nothing; it is read again later.")
    }
    ledger.receive(event)
  }

  /// The carrier's broker is out of reach.
  func lost() { ledger.lost(at: MonotonicClock.now()) }

  // Our side

  /// Plays the device until the task is cancelled.
  func run(_ desk: DeviceDesk) async {
    let (stream, continuation) = AsyncStream<RelayErrand>.makeStream()
    errands = continuation
    let (signals, wake) = AsyncStream<Void>.makeStream(bufferingPolicy: .bufferingNewest(1))
    wakes = wake
    wake.yield()
    await withDiscardingTaskGroup { group in
      group.addTask { await self.keepAttached(desk, signals) }
      group.addTask { await self.keepTime() }
      for await errand in stream { group.addTask { await self.carryOut(errand) } }
    }
    errands = nil
    wakes = nil
  }

  /// Attached here while the device is attached to the carrier; of several brokers on one store, to
  /// one.
  private func keepAttached(_ desk: DeviceDesk, _ signals: AsyncStream<Void>) async {
    for await _ in signals {
      while ledger.isOnline, !Task.isCancelled {
        do throws(Refusal) {
          let device = try await desk.relayed(product)
          ledger.acknowledged(device.histories)
          if !device.isHeldElsewhere { try await hold(try await desk.attach(product, as: device)) }
        } catch {
          logger.warning("relay: \(product) is not attached: \(error.code.rawValue)")
        }
        guard ledger.isOnline, !Task.isCancelled else { break }
        try? await Task.sleep(for: Self.holdPause)
      }
    }
  }

  private func hold(_ attachment: LocalAttachment) async throws(Refusal) {
    self.attachment = attachment
    ledger.attached()
    await work()
    while ledger.isOnline, let commands = await attachment.nextCommands() {
      for command in commands { ledger.receive(command, at: MonotonicClock.now()) }
      await work()
    }
    self.attachment = nil
    await attachment.end()
  }

  /// What is due by time alone: errands that are tried again, reports that our broker did not take.
  private func keepTime() async {
    var ticks = 0
    while !Task.isCancelled {
      try? await Task.sleep(for: .seconds(1))
      ticks += 1
      let interval = ledger.lacksTunnel ? Self.firstLookTicks : Self.lookTicks
      if ledger.wantsLook, ticks.isMultiple(of: interval) {
        // The next one shows what this one could not.
        if let view = try? await client.device(product) { ledger.take(view) }
      }
      await work()
    }
  }

  private func work() async {
    // Before there is anybody to carry them out, errands stay due.
    if let errands {
      while let errand = ledger.nextErrand(at: MonotonicClock.now()) { errands.yield(errand) }
    }
    await post()
  }

  /// One report after another, until our broker knows everything.
  private func post() async {
    guard !isPosting else { return }
    isPosting = true
    defer { isPosting = false }
    while let attachment, let report = ledger.report(epoch: attachment.epoch) {
      do throws(Refusal) {
        ledger.posted(report, try await attachment.report(report))
      } catch {
        // The attachment ends by itself when it is over; the database is asked again in a second.
        logger.debug("relay: a report of \(product) was refused: \(error.code.rawValue)")
        return
      }
    }
  }

  // Errands

  /// An errand that our own end interrupts has no outcome: it is carried out again, under the same
  /// key.
  private func carryOut(_ errand: RelayErrand) async {
    switch errand {
    case .connect(let order): await connect(order)
    case .close(let id, let carrierID): await close(id, carrierID)
    case .closeAll(let command): await closeAll(command)
    }
    guard !Task.isCancelled else { return }
    await work()
  }

  private func connect(_ order: ConnectOrder) async {
    let note = RelayNote(user: order.user, connection: order.connection, words: order.note)
    let request = ConnectRequest(note: note.text, parameters: order.parameters)
    do throws(Refusal) {
      let view = try await client.connect(product, request, key: order.connection.text)
      guard !Task.isCancelled else { return }
      if view.user != ledger.user {
        logger.error("relay: the carrier knows us as \(view.user), not as \(ledger.user)")
      }
      ledger.connected(order.connection, view, at: MonotonicClock.now())
    } catch {
      guard !Task.isCancelled else { return }
      ledger.connectRefused(order.connection, error)
    }
  }

  private func close(_ id: ConnectionID, _ carrierID: ConnectionID) async {
    do throws(Refusal) {
      _ = try await client.close(carrierID)
      guard !Task.isCancelled else { return }
      ledger.closeTaken(id, at: MonotonicClock.now())
    } catch {
      guard !Task.isCancelled else { return }
      ledger.closeRefused(id, error, at: MonotonicClock.now())
    }
  }

  private func closeAll(_ command: UInt64) async {
    do throws(Refusal) {
      _ = try await client.closeAll(product)
      guard !Task.isCancelled else { return }
      ledger.closeAllTaken(command, at: MonotonicClock.now())
    } catch {
      guard !Task.isCancelled else { return }
      ledger.closeAllRefused(command, error, at: MonotonicClock.now())
    }
  }
}
