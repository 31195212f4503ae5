import ConnectionService
import Primitives
import Testing

@testable import Broker

/// Any life at all, by seed: two brokers, three devices, everything that may happen in any order; the
/// books are held against the rules after every step and against the devices at rest.
@Suite(.timeLimit(.minutes(5))) struct RandomLifeTests {
  @Test(arguments: 0..<UInt64(60))
  func theBooksHoldInEveryLife(_ seed: UInt64) throws {
    let stage = try Stage()
    stage.random = SeededRandom(seed: seed)
    let devices = try (1...3).map { try stage.attach("pump-\($0)") }
    for _ in 0..<150 {
      let device = try #require(devices.randomElement(using: &stage.random))
      try step(stage, device)
      try check(stage, device)
    }
    try settle(stage, devices)
    let lost = try stage.events(.tunnelUnexpectedClose).compactMap(\.tunnel)
    #expect(Set(lost).count == lost.count)
    let ends = lost + (try stage.events(.tunnelClosed).compactMap(\.tunnel))
    #expect(Set(ends).count == ends.count)
    let opened = try stage.events(.tunnelOpened).compactMap(\.tunnel)
    #expect(Set(opened).subtracting(ends) == Set(devices.compactMap(\.tunnel)))
    try checkStories(stage)
  }

  /// One thing happens; that it is refused is as good as that it is done.
  private func step(_ stage: Stage, _ device: ModelDevice) throws {
    let broker = Bool.random(using: &stage.random) ? stage.broker : stage.second
    let people = [stage.ann, stage.bob, stage.admin]
    let caller = try #require(people.randomElement(using: &stage.random))
    let live = try stage.live(device).map(\.view.id)
    do {
      switch Int.random(in: 0..<16, using: &stage.random) {
      case 0...3:
        _ = try broker.connect(
          device.product, ConnectRequest(), key: nil, by: caller, using: &stage.random)
      case 4, 5:
        let id = live.randomElement(using: &stage.random)
        if let id { _ = try broker.close(id, key: nil, by: caller) }
      case 6: _ = try broker.closeAll(device.product, key: nil, by: caller)
      case 7...9: try device.work(broker, using: &stage.random)
      case 10: device.obey(try stage.commands(device), using: &stage.random)
      case 11: device.loseTunnel(.deadPeer)
      case 12: device.restart()
      case 13:
        try broker.detach(device.product, epoch: device.epoch)
        if Bool.random(using: &stage.random) { try device.attach(to: broker) }
      case 14:
        stage.advance(.seconds(Int64.random(in: 1...70, using: &stage.random)))
        try broker.sweep()
      default:
        stage.store.failure = .atCall(Int.random(in: 1...12, using: &stage.random))
        try device.report(to: broker)
      }
    } catch { #expect(error is Refusal) }
    stage.store.failure = nil
  }

  private func check(_ stage: Stage, _ device: ModelDevice) throws {
    let live = try stage.live(device)
    #expect(live.count <= 10)
    #expect(Set(live.map(\.slot)).count == live.count)
    #expect(live.allSatisfy { (1...10).contains($0.slot) && $0.view.phase != .closed })
    let up = live.filter { $0.view.phase == .up }
    #expect(Set(up.compactMap(\.view.tunnel)).count <= 1)
    let granted = try stage.broker.grants().map(\.connection)
    #expect(up.allSatisfy { granted.contains($0.view.id) })
  }

  /// Everybody comes back and has time; then the books say what the devices say.
  private func settle(_ stage: Stage, _ devices: [ModelDevice]) throws {
    for device in devices {
      try device.attach(to: stage.broker)
      for _ in 0..<4 { try device.work(stage.broker, using: &stage.random) }
      let live = try stage.live(device)
      #expect(live.allSatisfy { $0.view.phase == .up })
      #expect(live.map(\.view.id).sorted() == device.connections.sorted())
      #expect(try stage.commands(device).isEmpty)
    }
  }

  /// Every request is told to its end, once.
  private func checkStories(_ stage: Stage) throws {
    var kinds: [ConnectionID: [ServiceEvent.Kind]] = [:]
    for event in try stage.events() {
      guard let id = event.connection, event.kind != .closeRequested else { continue }
      kinds[id, default: []].append(event.kind)
    }
    #expect(!kinds.isEmpty)
    for story in kinds.values {
      #expect(
        [
          [.connectRequested, .connectionFailed],
          [.connectRequested, .connectionOpened],
          [.connectRequested, .connectionOpened, .connectionClosed],
        ].contains(story))
    }
  }
}
