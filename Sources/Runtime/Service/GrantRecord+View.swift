import Control
import Gateway
import Primitives

extension GrantRecord {
  init(_ view: GrantView, at now: Instant) {
    self.init(
      connection: view.grant.connection.text, operatorUser: view.grant.operatorUser,
      deviceUser: view.grant.deviceUser, deviceAddress: view.grant.deviceAddress,
      operatorSessions: view.operatorSessions.map { UInt64($0.value) },
      deviceSession: view.deviceSession.map { UInt64($0.value) },
      ageSeconds: (now - view.since).inSeconds, forwarding: view.obstacle == nil,
      obstacle: view.obstacle.map(Obstacle.init))
  }
}

extension GrantRecord.Obstacle {
  init(_ obstacle: GrantView.Obstacle) {
    self =
      switch obstacle {
      case .operatorNotConnected: .operatorNotConnected
      case .deviceNotConnected: .deviceNotConnected
      case .addressDiffers: .addressDiffers
      case .limitReached: .limitReached
      }
  }
}
