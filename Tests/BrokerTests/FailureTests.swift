import ConnectionService
import Primitives
import Testing

@testable import Broker

/// The store goes away between any two steps: nothing is lost and nothing is doubled (CS-27).
@Suite(.timeLimit(.minutes(5))) struct FailureTests {
  /// Tries `body` with the store failing at its first call, its second, and so on, until it goes
  /// through; then once more from the beginning with the reply lost.
  private func everyFailure(_ body: (Stage, MemoryStore.Failure) throws -> Void) throws {
    for call in 1...200 {
      let stage = try Stage()
      try body(stage, .atCall(call))
      if stage.store.failure != nil { break }
      #expect(call < 200)
    }
    try body(try Stage(), .afterCommit)
  }

  @Test func aConnectThatIsTriedAgainUnderItsKeyIsOne() throws {
    try everyFailure { stage, failure in
      let device = try stage.attach()
      stage.store.failure = failure
      let first = code { try stage.connect(device, key: "k") }
      let pending = stage.store.failure
      #expect(first == (pending == nil ? .storeUnavailable : nil))
      stage.store.failure = nil
      let id = try stage.connect(device, key: "k").id
      try device.work(stage.broker, using: &stage.random)
      #expect(try stage.live(device).map(\.view.id) == [id])
      #expect(try stage.events(.connectRequested).count == 1)
      stage.store.failure = pending
    }
  }

  @Test func aReportThatIsTriedAgainIsOne() throws {
    try everyFailure { stage, failure in
      let device = try stage.attach()
      let id = try stage.connect(device).id
      device.obey(try stage.commands(device), using: &stage.random)
      device.loseTunnel(.deadPeer)
      stage.store.failure = failure
      let first = code { try device.report(to: stage.broker) }
      let pending = stage.store.failure
      #expect(first == (pending == nil ? .storeUnavailable : nil))
      stage.store.failure = nil
      try device.report(to: stage.second)
      #expect(try stage.view(id).reason == .deadPeer)
      #expect(try stage.events(.tunnelUnexpectedClose).count == 1)
      #expect(try stage.events(.connectionOpened).count == 1)
      #expect(device.history.isEmpty)
      stage.store.failure = pending
    }
  }

  @Test func aCloseThatIsTriedAgainIsOne() throws {
    try everyFailure { stage, failure in
      let device = try stage.attach()
      let id = try stage.open(device).id
      stage.store.failure = failure
      _ = code { try stage.broker.close(id, key: "c", by: stage.ann) }
      let pending = stage.store.failure
      stage.store.failure = nil
      _ = try stage.second.close(id, key: "c", by: stage.ann)
      #expect(try stage.commands(device).count == 1)
      #expect(try stage.events(.closeRequested).count == 1)
      try device.work(stage.broker, using: &stage.random)
      #expect(try stage.live(device).isEmpty)
      stage.store.failure = pending
    }
  }

  @Test func enrolmentsAndRemovalsHappenWholeOrNotAtAll() throws {
    try everyFailure { stage, failure in
      let request = EnrolmentRequest(productID: try product("pump-1"))
      let enrolment = try stage.broker.createEnrolment(
        request, by: stage.admin, using: &stage.random)
      stage.store.failure = failure
      let outcome = code {
        try stage.broker.enrol(EnrolRequest(code: enrolment.code), using: &stage.random)
      }
      let pending = stage.store.failure
      stage.store.failure = nil
      let exists = code { try stage.broker.device(request.productID, by: stage.ann) } == nil
      #expect(exists == (outcome == nil || failure == .afterCommit))
      #expect(try stage.events(.deviceEnrolled).count == (exists ? 1 : 0))
      stage.store.failure = pending
    }
  }

  @Test func cs27AnUnreachableStoreRefusesEverythingWithOneCode() throws {
    let stage = try Stage()
    let device = try stage.attach()
    let id = try stage.open(device).id
    stage.store.failure = .unreachable
    #expect(code { try stage.connect(device) } == .storeUnavailable)
    #expect(code { try stage.broker.close(id, key: nil, by: stage.ann) } == .storeUnavailable)
    #expect(code { try device.report(to: stage.broker) } == .storeUnavailable)
    #expect(code { try stage.broker.authenticate(device.token) } == .storeUnavailable)
    #expect(
      code { try stage.broker.renew(device.product, epoch: device.epoch, as: device.instance) }
        == .storeUnavailable)
    stage.store.failure = nil
    #expect(try stage.view(id).phase == .up)
  }
}
