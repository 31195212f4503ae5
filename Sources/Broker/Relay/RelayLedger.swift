import ConnectionService
import Primitives

/// A device that is reached through a carrier's broker: towards our broker it is the device's agent,
/// towards the carrier's an application (CS-23).
///
/// ```
///   our broker ──command──► RelayLedger ──errand──► carrier's broker
///              ◄──report───             ◄──event───
/// ```
///
/// Nothing is kept but in the two brokers. Which of the carrier's connections is which of ours stands
/// in its note (``RelayNote``). The device's history is the carrier's record of it, each line under the
/// carrier's own sequence, so that our broker's acknowledgement says where to read on, whoever was
/// restarted meanwhile. A carrier that begins another record begins another history.
public struct RelayLedger: Sendable {
  /// A close that the carrier refuses is asked for again after so long: policies have hours.
  public static let refusedPause = Duration.seconds(60)
  /// The same for one that could not be asked for.
  public static let unreachedPause = Duration.seconds(2)
  /// Lines that wait for our broker; beyond it the carrier's events are read again later.
  public static let historyMax = 4096
  /// Connections that are known to be over, should an answer about one be overtaken by its end.
  static let endedMax = 256

  public let product: ProductID
  /// The user that the carrier knows us as: others' notes are no business of ours.
  public let user: Name
  /// The device is attached to the carrier.
  public internal(set) var isOnline = false
  /// The carrier's events up to here are taken.
  public internal(set) var position: UInt64 = 0

  /// The carrier's record of the device; `nil` while the carrier has nothing of it.
  public internal(set) var historyID: HistoryID?
  /// What is added to the carrier's sequences: zero, unless its record was put back from older times.
  var offset: UInt64 = 0
  var claims: [ConnectionID: RelayClaim] = [:]
  var owners: [ConnectionID: ConnectionID] = [:]
  var tunnel: TunnelState?
  var connects: [ConnectionID: (order: ConnectOrder, state: ErrandState)] = [:]
  var closes: [ConnectionID: ErrandState] = [:]
  var closeAlls: [UInt64: ErrandState] = [:]
  /// Commands come in order; each is taken once.
  private var commandsTaken: UInt64 = 0
  var answers: [DeviceAnswer] = []
  var history: [HistoryEvent] = []
  /// The sequence of the last line there was.
  var lastLine: UInt64 = 0
  /// Those of the carrier's that ended last.
  var ended: [ConnectionID] = []
  /// The tunnel that ended last: a look that was held up does not bring it back.
  var endedTunnel: TunnelID?
  /// Something that our broker does not know yet.
  var isReportDue = true

  public init(product: ProductID, user: Name) {
    self.product = product
    self.user = user
  }

  // Inputs from our broker

  /// A command; one that came before is passed over.
  public mutating func receive(_ command: DeviceCommand, at now: Instant) {
    guard command.id > commandsTaken else { return }
    commandsTaken = command.id
    switch command.action {
    case .connect(let order):
      connects[order.connection] = (order, ErrandState(command.id, at: now))
    case .close(let id, _):
      guard claims[id] != nil || connects[id] != nil else {
        return answer(command.id, .closed)
      }
      if closes[id] == nil {
        closes[id] = ErrandState(command.id, at: now)
      } else {
        closes[id]?.commands.append(command.id)
      }
    case .closeAll:
      closeAlls[command.id] = ErrandState(command.id, at: now)
    }
  }

  // Outputs

  /// The next errand that is due; it counts as under way until its outcome is told.
  ///
  /// Closes come first: they need no patience of anybody's.
  public mutating func nextErrand(at now: Instant) -> RelayErrand? {
    for id in closes.keys.sorted() where closes[id]?.isDue(at: now) == true {
      guard let claim = claims[id] else { continue }
      closes[id]?.isUnderWay = true
      return .close(connection: id, carrier: claim.carrierID)
    }
    for command in closeAlls.keys.sorted() where closeAlls[command]?.isDue(at: now) == true {
      closeAlls[command]?.isUnderWay = true
      return .closeAll(command: command)
    }
    for id in connects.keys.sorted() {
      guard let (order, state) = connects[id], state.isDue(at: now) else { continue }
      connects[id]?.state.isUnderWay = true
      return .connect(order: order)
    }
    return nil
  }

  /// What our broker is to be told; `nil` when it knows everything.
  public func report(epoch: UInt64) -> DeviceReport? {
    guard isReportDue || !answers.isEmpty || !history.isEmpty else { return nil }
    return DeviceReport(
      epoch: epoch, answers: Array(answers.prefix(DeviceReport.answersMax)), state: state,
      historyID: historyID, history: Array(history.prefix(DeviceReport.historyMax)))
  }

  /// Our broker has taken the report.
  public mutating func posted(_ report: DeviceReport, _ receipt: DeviceReportReceipt) {
    answers.removeFirst(min(report.answers.count, answers.count))
    history.removeAll { $0.sequence <= receipt.historyAcknowledged }
    isReportDue = report.state != state
  }

  /// The next report is due although nothing has changed: our broker asks anew after each attachment.
  public mutating func attached() { isReportDue = true }

  /// The device as the carrier's events tell it.
  var state: DeviceState {
    let up = claims.filter(\.value.isUp).keys.sorted()
    guard !up.isEmpty || tunnel != nil else { return DeviceState(phase: .down) }
    return DeviceState(phase: .up, tunnel: tunnel, connections: up)
  }

  /// There is a tunnel, whose times and numbers change.
  public var wantsLook: Bool { tunnel != nil || lacksTunnel }

  /// A connection stands on a tunnel that has not been looked at.
  public var lacksTunnel: Bool { tunnel == nil && claims.contains { $0.value.isUp } }

  /// Our broker has so much of it from another relay of the same device.
  public mutating func acknowledged(_ histories: HistoryCounts) {
    let sequence = histories[historyID]
    history.removeAll { $0.sequence <= sequence }
  }

  /// No more events may be given.
  public var isFull: Bool { history.count >= Self.historyMax }

  // Inside

  mutating func answer(_ command: UInt64, _ outcome: DeviceAnswer.Outcome) {
    answers.append(DeviceAnswer(command: command, outcome: outcome))
  }

  mutating func answer(_ commands: [UInt64], _ outcome: DeviceAnswer.Outcome) {
    for command in commands { answer(command, outcome) }
  }
}
