import ConnectionService
import Primitives

/// What a broker says on a device's stream.
enum DeviceMessage {
  case attached(epoch: UInt64)
  case command(DeviceCommand)
  case heartbeat
  case superseded
  /// The broker ends the stream.
  case end
}

/// One attachment of a device, with both its ends: each learns by itself that the stream is cut.
final class DeviceStream {
  let way: Way
  let brokerLife: Int
  let agentLife: Int
  let instance: AgentInstance?
  let product: ProductID
  let epoch: UInt64
  var isOpenAtBroker = true
  var isCut = false
  /// Commands up to this one are on the stream.
  var sent: UInt64 = 0
  /// Heartbeats since the last sign of the device.
  var beats = 0
  /// Nothing overtakes what was sent before.
  var lastArrival = Instant.zero

  init(
    _ way: Way, brokerLife: Int, agentLife: Int, instance: AgentInstance?, product: ProductID,
    epoch: UInt64
  ) {
    self.way = way
    self.brokerLife = brokerLife
    self.agentLife = agentLife
    self.instance = instance
    self.product = product
    self.epoch = epoch
  }
}

/// A gateway's stream of grants.
final class GrantStream {
  let way: Way
  let brokerLife: Int
  let gatewayLife: Int
  var isOpenAtBroker = true
  var isCut = false
  /// The last event that is taken into account.
  var cursor: UInt64
  var lastArrival = Instant.zero

  init(_ way: Way, brokerLife: Int, gatewayLife: Int, cursor: UInt64) {
    self.way = way
    self.brokerLife = brokerLife
    self.gatewayLife = gatewayLife
    self.cursor = cursor
  }
}
