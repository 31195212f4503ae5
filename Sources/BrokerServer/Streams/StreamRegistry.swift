import ConnectionService
import Synchronization

/// A place among the streams and waits; given back when it is left.
struct StreamPlace: Sendable {
  fileprivate let number: UInt64
  let bell: Bell
}

/// Every stream and every wait of this process: their limits, heartbeats and deadlines.
final class StreamRegistry: Sendable {
  enum Kind: Hashable, Sendable {
    case device(ProductID)
    case events(tokenID: String)
    case gateway
    /// A connect or close that waits for its device.
    case wait
  }

  /// Ticks between two heartbeats of one stream; spread evenly over the streams.
  static let heartbeatTicks: UInt64 = 60
  /// How often ``tick()`` is called.
  static let tick = Duration.milliseconds(250)
  /// What devices are told of the heartbeat, in seconds.
  static let heartbeatSeconds: Int64 = 15

  private struct Entry {
    let kind: Kind
    let bell: Bell
    /// The tick that ends a wait.
    let deadline: UInt64?
  }

  /// The newest attachment of a device on this broker.
  private struct Holder {
    let number: UInt64
    let epoch: UInt64
  }

  private struct State {
    var entries: [UInt64: Entry] = [:]
    var devices: [ProductID: Holder] = [:]
    var counts: [String: Int] = [:]
    var perToken: [String: Int] = [:]
    var numbers: UInt64 = 0
    var ticks: UInt64 = 0
    var hasEnded = false
  }

  private let state = Mutex(State())
  private let limits: ServerLimits

  init(limits: ServerLimits) { self.limits = limits }

  /// Takes a place; a device's is to be followed by ``attached(_:_:epoch:)``.
  /// - Throws: `overloaded` when all places are taken.
  func enter(_ kind: Kind, for time: Duration? = nil) throws(Refusal) -> StreamPlace {
    let bell = Bell()
    let outcome: Result<StreamPlace, Refusal> = state.withLock { state in
      guard !state.hasEnded else { return .failure(.serverEnding) }
      if let refusal = refusal(of: kind, in: state) { return .failure(refusal) }
      let number = state.numbers
      state.numbers += 1
      let deadline = time.map { state.ticks + UInt64(max(1, $0 / Self.tick)) }
      state.entries[number] = Entry(kind: kind, bell: bell, deadline: deadline)
      state.counts[Self.label(kind), default: 0] += 1
      if case .events(let token) = kind { state.perToken[token, default: 0] += 1 }
      return .success(StreamPlace(number: number, bell: bell))
    }
    return try outcome.get()
  }

  /// The device of this place is attached, with this epoch.
  ///
  /// Of several streams of a device here the one of the greatest epoch is signalled from now on; the
  /// other looks at once what has become of it. One on another broker learns it from the events.
  func attached(_ place: StreamPlace, _ product: ProductID, epoch: UInt64) {
    let former = state.withLock { state -> Bell? in
      let former = state.devices[product]
      if let former, former.epoch > epoch { return nil }
      state.devices[product] = Holder(number: place.number, epoch: epoch)
      return former.flatMap { state.entries[$0.number]?.bell }
    }
    former?.ring(.commands)
    place.bell.ring(.commands)
  }

  private func refusal(of kind: Kind, in state: borrowing State) -> Refusal? {
    let taken = state.counts[Self.label(kind)] ?? 0
    switch kind {
    case .device:
      return taken < limits.devices ? nil : .limit("The broker has all the devices it can take.")
    case .events(let token):
      if taken >= limits.eventStreams { return .limit("The broker has too many streams.") }
      return (state.perToken[token] ?? 0) < limits.eventStreamsPerToken
        ? nil : .limit("The token has too many streams.")
    case .gateway:
      return taken < limits.gateways ? nil : .limit("The broker has too many gateways.")
    case .wait:
      return taken < limits.waiting ? nil : .limit("Too many requests wait for devices.")
    }
  }

  func leave(_ place: StreamPlace) {
    state.withLock { state in
      guard let entry = state.entries.removeValue(forKey: place.number) else { return }
      state.counts[Self.label(entry.kind), default: 1] -= 1
      switch entry.kind {
      case .device(let product):
        if state.devices[product]?.number == place.number { state.devices[product] = nil }
      case .events(let token):
        let left = (state.perToken[token] ?? 1) - 1
        state.perToken[token] = left > 0 ? left : nil
      case .gateway, .wait: break
      }
    }
  }

  /// Wakes the stream of a device that is attached here.
  func signal(_ signals: Bell.Signals, to product: ProductID) {
    let bell = state.withLock { state in
      state.devices[product].flatMap { state.entries[$0.number]?.bell }
    }
    bell?.ring(signals)
  }

  /// Heartbeats and deadlines that are due.
  func tick() {
    let rings = state.withLock { state -> [(Bell, Bell.Signals)] in
      state.ticks += 1
      var rings: [(Bell, Bell.Signals)] = []
      for (number, entry) in state.entries {
        if let deadline = entry.deadline {
          if state.ticks >= deadline { rings.append((entry.bell, .deadline)) }
        } else if (number &+ state.ticks).isMultiple(of: Self.heartbeatTicks) {
          rings.append((entry.bell, .heartbeat))
        }
      }
      return rings
    }
    for (bell, signals) in rings {
      if signals == .heartbeat { bell.beat() } else { bell.ring(signals) }
    }
  }

  /// Tells every stream and wait to end, and admits none any more.
  func endAll() {
    let bells = state.withLock { state in
      state.hasEnded = true
      return state.entries.values.map(\.bell)
    }
    for bell in bells { bell.ring(.end) }
  }

  /// How many there are of each kind.
  var counts: [String: Int] { state.withLock { $0.counts } }

  static func label(_ kind: Kind) -> String {
    switch kind {
    case .device: "device"
    case .events: "events"
    case .gateway: "gateway"
    case .wait: "wait"
    }
  }
}
