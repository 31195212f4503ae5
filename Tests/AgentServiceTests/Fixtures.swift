import AgentService
import ConnectionService
import Foundation
import Logging
import Primitives
import Programs

@testable import Agent

extension TemporaryFolder {
  func history(days: Int = 365, entries: Int = 10_000) throws -> HistoryStore {
    try HistoryStore(path: file("agent.sqlite"), days: days, entries: entries)
  }
}

enum Fixtures {
  static let quiet = Logger(label: "test", factory: { _ in SwiftLogNoOpLogHandler() })
  static let time = Timestamp(milliseconds: 1_800_000_000_000)

  static let history: HistoryID = {
    var random = SeededRandom(seed: 77)
    return HistoryID(using: &random)
  }()

  static func connection(_ number: Int) -> ConnectionID {
    var random = SeededRandom(seed: UInt64(500 + number))
    return ConnectionID(using: &random)
  }

  static func tunnel(_ number: Int) -> TunnelID {
    var random = SeededRandom(seed: UInt64(900 + number))
    return TunnelID(using: &random)
  }

  static func name(_ text: String) -> Name {
    guard let name = Name(text) else { preconditionFailure("the test's names are names") }
    return name
  }

  static func connect(_ number: Int, id: UInt64, epoch: UInt64 = 1) -> DeviceCommand {
    DeviceCommand(
      id: id, epoch: epoch,
      action: .connect(
        order: ConnectOrder(
          connection: connection(number), organisation: name("acme"), user: name("olga"),
          parameters: VPNParameters(credentials: .named(name("site"))))))
  }

  static func event(
    _ sequence: UInt64, _ kind: HistoryEvent.Kind, at time: Timestamp = time,
    tunnel: TunnelID? = nil, connection: ConnectionID? = nil
  ) -> HistoryEvent {
    var event = HistoryEvent(sequence: sequence, time: time, kind: kind)
    event.tunnel = tunnel
    event.connection = connection
    return event
  }
}
