import ConnectionService
import Primitives
import Testing

@testable import Broker

/// Our broker, a relay, a carrier's broker and a device, in virtual time.
final class RelayChain {
  let ours: Stage
  let carrier: Stage
  /// Attached to the carrier.
  let device: ModelDevice
  let product: ProductID
  /// Our broker at the carrier.
  let application: Caller
  var ledger: RelayLedger
  private var epoch: UInt64 = 0
  private var position: UInt64 = 0
  /// Connects that the carrier has not answered: ours, and how the carrier calls them.
  private var waiting: [(ConnectionID, ConnectionID)] = []
  private(set) var isReachable = false
  var now = Instant.zero

  init(policy: Policy = Policy()) throws {
    ours = try Stage()
    carrier = try Stage(requests: policy)
    application = try carrier.person("acme", .operator)
    device = try carrier.attach("press-1")
    product = device.product
    try ours.broker.adopt(product, using: &ours.random)
    ledger = RelayLedger(product: product, user: try name("acme"))
    try reach()
  }

  /// The relay reads the carrier's books, and attaches.
  func reach() throws {
    isReachable = true
    var filter = ConnectionFilter()
    filter.live = true
    filter.product = product
    let connections = try carrier.broker.connections(filter, by: application).items
    let head = try carrier.events().last?.sequence ?? 0
    let relayed = try ours.broker.relayed(product)
    position = ledger.begin(
      try carrier.broker.device(product, by: application), connections: connections,
      first: try carrier.events().first { $0.product == product },
      acknowledged: relayed.histories, head: head)
    for event in try carrier.events() where event.sequence > position {
      if let id = ledger.unknownConnection(in: event) {
        ledger.learnEnded(try carrier.broker.connection(id, by: application))
      }
      ledger.receive(event)
    }
    epoch = try ours.broker.attach(relayed.caller, as: nil)
    ledger.attached()
    try settle()
  }

  /// The carrier is out of reach: what it would have answered is lost.
  func lose() throws {
    guard isReachable else { return }
    isReachable = false
    waiting = []
    ledger.lost(at: now)
    try ours.broker.detach(product, epoch: epoch)
  }

  /// Our broker's process is started again.
  func restart() throws {
    try lose()
    ledger = RelayLedger(product: product, user: ledger.user)
    try reach()
  }

  /// The relay does everything that it can.
  func settle() throws {
    guard isReachable else { return }
    for _ in 0..<8 {
      for command in try ours.broker.commands(for: product, epoch: epoch) {
        ledger.receive(command, at: now)
      }
      while let errand = ledger.nextErrand(at: now) { carryOut(errand) }
      try hear()
      for event in try carrier.events() where event.sequence > ledger.position {
        ledger.receive(event)
      }
      ledger.take(try carrier.broker.device(product, by: application))
      while let report = ledger.report(epoch: epoch) {
        let caller = try ours.broker.relayed(product).caller
        ledger.posted(report, try ours.broker.receive(report, from: caller))
      }
    }
  }

  /// The device, and then the relay, do everything that they can.
  func run() throws {
    try settle()
    try device.work(carrier.broker, using: &carrier.random)
    try settle()
  }

  func advance(_ duration: Duration) {
    now = now + duration
    ours.advance(duration)
    carrier.advance(duration)
  }

  private func carryOut(_ errand: RelayErrand) {
    do {
      switch errand {
      case .connect(let order):
        let note = RelayNote(user: order.user, connection: order.connection, words: order.note)
        let request = ConnectRequest(note: note.text, parameters: order.parameters)
        let view = try carrier.broker.connect(
          product, request, key: order.connection.text, by: application, using: &carrier.random)
        waiting.append((order.connection, view.id))
      case .close(let id, let carrierID):
        _ = try carrier.broker.close(carrierID, key: nil, by: application)
        ledger.closeTaken(id, at: now)
      case .closeAll(let command):
        _ = try carrier.broker.closeAll(product, key: nil, by: application)
        ledger.closeAllTaken(command, at: now)
      }
    } catch let refusal as Refusal {
      switch errand {
      case .connect(let order): ledger.connectRefused(order.connection, refusal)
      case .close(let id, _): ledger.closeRefused(id, refusal, at: now)
      case .closeAll(let command): ledger.closeAllRefused(command, refusal, at: now)
      }
    } catch { Issue.record(error) }
  }

  /// Answers to connects that were waited for.
  private func hear() throws {
    let pending = waiting
    waiting = []
    for (id, carrierID) in pending {
      let view = try carrier.view(carrierID)
      if view.phase == .requested {
        waiting.append((id, carrierID))
      } else if let failure = view.failure {
        ledger.connectRefused(id, failure)
      } else {
        ledger.connected(id, view, at: now)
      }
    }
  }

  // What people at our broker do.

  func connect(by caller: Caller? = nil) throws -> ConnectionID {
    try ours.broker.connect(
      product, ConnectRequest(note: "fix it"), key: nil, by: caller ?? ours.ann,
      using: &ours.random
    ).id
  }

  /// A connection that stands all the way.
  func open(by caller: Caller? = nil) throws -> ConnectionView {
    let id = try connect(by: caller)
    try run()
    return try ours.view(id)
  }

  /// The carrier's live connections that are ours: ours, and the carrier's view.
  func claims() throws -> [ConnectionID: ConnectionView] {
    var filter = ConnectionFilter()
    filter.live = true
    filter.user = application.user
    filter.limit = 200
    let views = try carrier.broker.connections(filter, by: application).items
    return Dictionary(
      views.compactMap { view in
        view.note.flatMap { RelayNote($0) }.map { ($0.connection, view) }
      }, uniquingKeysWith: { first, _ in first })
  }

  func live() throws -> [ConnectionView] {
    try ours.store.transact { (rows) throws(Refusal) in
      try rows.liveConnections(of: product).map(\.view)
    }
  }
}
