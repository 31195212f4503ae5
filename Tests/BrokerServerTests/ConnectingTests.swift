import ConnectionService
import Primitives
import Testing

@testable import BrokerServer

@Suite(.timeLimit(.minutes(5))) struct ConnectingTests {
  @Test func cs2AConnectReachesTheDeviceAndItsAnswerComesBack() async throws {
    try await RunningBroker.run { broker in
      try await broker.withDevice("press-1") { device in
        let client = try broker.client()
        let view = try await client.connect(device.product, ConnectRequest(inactivitySeconds: 299))
        #expect(view.phase == .up)
        #expect(view.vpnAddress == "10.99.0.7")
        #expect(view.inactivitySeconds == 300)
        #expect(view.inactivityWasClamped == true)
        let closed = try await client.close(view.id)
        #expect(closed.phase == .closed)
        #expect(closed.reason == .requested)
      }
    }
  }
}

extension ConnectingTests {
  @Test func badInput60TheEleventhUserIsRefused() async throws {
    try await RunningBroker.run(plain: true) { broker in
      try await broker.withDevice("press-1") { device in
        let client = try broker.client()
        var ids: Set<ConnectionID> = []
        for _ in 0..<10 {
          ids.insert(try await client.connect(device.product, ConnectRequest()).id)
        }
        #expect(ids.count == 10)
        let refusal = await #expect(throws: Refusal.self) {
          _ = try await client.connect(device.product, ConnectRequest())
        }
        #expect(refusal?.code == .connectionLimit)
        let closing = try await client.closeAll(device.product)
        #expect(closing.items.count == 10)
      }
    }
  }

  @Test func badInput60UnknownAndOfflineDevicesAreToldApart() async throws {
    try await RunningBroker.run(plain: true) { broker in
      let client = try broker.client()
      let product = try ProductID("press-1").orFail()
      let unknown = await #expect(throws: Refusal.self) {
        _ = try await client.connect(product, ConnectRequest())
      }
      #expect(unknown?.code == .deviceUnknown)
      _ = try await broker.enrol(product)
      let offline = await #expect(throws: Refusal.self) {
        _ = try await client.connect(product, ConnectRequest())
      }
      #expect(offline?.code == .deviceOffline)
    }
  }

  @Test func aReplayedKeyGivesTheSameConnectionAndNoOther() async throws {
    try await RunningBroker.run(plain: true) { broker in
      try await broker.withDevice("press-1") { device in
        let client = try broker.client()
        let first = try await client.connect(device.product, ConnectRequest(), key: "k1")
        let again = try await client.connect(device.product, ConnectRequest(), key: "k1")
        #expect(again.id == first.id)
        let refusal = await #expect(throws: Refusal.self) {
          _ = try await client.connect(device.product, ConnectRequest(note: "other"), key: "k1")
        }
        #expect(refusal?.code == .idempotencyConflict)
        let page = try await client.connections()
        #expect(page.items.count == 1)
      }
    }
  }

  @Test func anImpatientConnectIsAnsweredAtOnce() async throws {
    try await RunningBroker.run(plain: true) { broker in
      try await broker.withDevice("press-1", answersConnects: false) { device in
        let client = try broker.client()
        let view = try await client.connect(device.product, ConnectRequest(), waiting: false)
        #expect(view.phase == .requested)
      }
    }
  }

  @Test func aFloodOfConnectsIsRefusedBeyondItsLimitAndLosesNothing() async throws {
    try await RunningBroker.run(
      plain: true,
      configured: { configuration, _ in
        configuration.limits.waiting = 4
      }
    ) { broker in
      try await broker.withDevice("press-1", answersConnects: false) { device in
        let client = try broker.client()
        let codes = try await withThrowingTaskGroup(of: Refusal.Code?.self) { group in
          for _ in 0..<12 {
            group.addTask {
              do throws(Refusal) {
                _ = try await client.connect(device.product, ConnectRequest())
                return nil
              } catch {
                return error.code
              }
            }
          }
          var codes: [Refusal.Code?] = []
          // The four that wait are answered when all of the device's are closed; one that came
          // during that close would be refused.
          while let code = try await group.next() {
            codes.append(code)
            guard codes.count == 8 else { continue }
            while try await client.device(device.product).connections < 4 {
              try await Task.sleep(for: .milliseconds(1))
            }
            _ = try await client.closeAll(device.product)
          }
          return codes
        }
        #expect(codes.filter { $0 == .overloaded }.count == 8)
        #expect(codes.filter { $0 == .connectionClosed }.count == 4, "\(codes)")
      }
    }
  }

  @Test func badInput62AnUnansweredCommandComesAgainWithTheNewEpoch() async throws {
    try await RunningBroker.run(plain: true) { broker in
      let product = try ProductID("press-1").orFail()
      let token = try await broker.enrol(product)
      let client = try broker.client(token)
      let id = try await {
        let instance = try AgentInstance("first").orFail()
        var stream = client.deviceStream(as: instance).makeAsyncIterator()
        _ = try await stream.next()
        let view = try await broker.client().connect(product, ConnectRequest(), waiting: false)
        guard case .command(let command) = try await stream.next() else { throw Missing() }
        #expect(command.epoch == 1)
        return view.id
      }()
      let device = ModelDevice(product, client: client)
      let events = try broker.client().events(after: 0)
      try await withThrowingTaskGroup(of: Void.self) { group in
        group.addTask { try await device.run {} }
        for try await event in events where event.kind == .connectionOpened { break }
        group.cancelAll()
      }
      let view = try await broker.client().connection(id)
      #expect(view.phase == .up)
      let commands = await device.commands
      #expect(commands.map(\.epoch) == [2])
    }
  }

  @Test func cs21TheNewerAttachmentWinsAndTheOlderIsTold() async throws {
    try await RunningBroker.run(plain: true) { broker in
      let product = try ProductID("press-1").orFail()
      let client = try broker.client(try await broker.enrol(product))
      var older = client.deviceStream(as: try AgentInstance("older").orFail())
        .makeAsyncIterator()
      let greeting = try await older.next()
      #expect(greeting == .attached(epoch: 1, heartbeatSeconds: 15))
      var newer = client.deviceStream(as: try AgentInstance("newer").orFail())
        .makeAsyncIterator()
      let second = try await newer.next()
      #expect(second == .attached(epoch: 2, heartbeatSeconds: 15))
      let told = try await older.next()
      #expect(told == .superseded)
      let end = try await older.next()
      #expect(end == nil)
      let refusal = await #expect(throws: Refusal.self) {
        _ = try await client.post(
          DeviceReport(epoch: 1, answers: [], state: DeviceState(phase: .down), history: []))
      }
      #expect(refusal?.code == .epochOutdated)
    }
  }

  @Test func aStreamThatEndsDetachesItsDevice() async throws {
    try await RunningBroker.run { broker in
      let events = try broker.client().events(after: 0)
      try await broker.withDevice("press-1") { _ in }
      for try await event in events where event.kind == .deviceDetached { break }
      let view = try await broker.client().device(try ProductID("press-1").orFail())
      #expect(!view.online)
    }
  }
}
