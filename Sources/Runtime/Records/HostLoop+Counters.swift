import Control
import Dataplane
import IKE
import IPPacket

extension HostLoop where Owner: ~Copyable {
  /// Every number that only grows: the key exchange's, then what was dropped and where.
  func counterRecords() -> [Counter] {
    isakmpCounters + endpointCounters + packetCounters
  }

  private var isakmpCounters: [Counter] {
    let counters = owner.host.endpoint.isakmpEngine.counters
    let named: [(String, UInt64)] = [
      ("messagesReceived", counters.messagesReceived),
      ("messagesSent", counters.messagesSent),
      ("keepalivesReceived", counters.keepalivesReceived),
      ("keepalivesSent", counters.keepalivesSent),
      ("retransmissions", counters.retransmissions),
      ("duplicatesReceived", counters.duplicatesReceived),
      ("answersRepeated", counters.answersRepeated),
      ("mainModesStarted", counters.mainModesStarted),
      ("mainModesAnswered", counters.mainModesAnswered),
      ("mainModesEstablished", counters.mainModesEstablished),
      ("mainModesFailed", counters.mainModesFailed),
      ("quickModesEstablished", counters.quickModesEstablished),
      ("quickModesFailed", counters.quickModesFailed),
      ("proposalsRefused", counters.proposalsRefused),
      ("authenticationFailures", counters.authenticationFailures),
      ("halfOpenEvicted", counters.halfOpenEvicted),
      ("deadPeers", counters.deadPeers),
      ("notesSuppressed", counters.notesSuppressed),
    ]
    return named.map { Counter(name: $0.0, value: $0.1) }
      + counters.droppedByKind.map {
        Counter(name: "dropped.isakmp.\($0.kind.rawValue)", value: $0.count)
      }
  }

  private var endpointCounters: [Counter] {
    let counters = owner.host.endpoint.counters
    return [
      Counter(name: "dropped.l2tp.unknownCarrier", value: counters.unknownCarrier),
      Counter(name: "dropped.l2tp.unknownTunnel", value: counters.unknownTunnel),
      Counter(name: "dropped.l2tp.malformed", value: counters.malformedL2TP),
      Counter(name: "dropped.l2tp.clear", value: counters.clearRefused),
      Counter(name: "dropped.ppp.unknownSession", value: counters.unknownSession),
      Counter(name: "refused.tunnels", value: counters.tunnelsRefused),
    ]
  }

  private var packetCounters: [Counter] {
    var counters = Drop.allCases.map {
      Counter(name: "dropped.packets.\($0)", value: owner.host.dataplane.drops[$0])
    }
    counters.append(Counter(name: "lost.control", value: owner.host.controlLost))
    counters.append(Counter(name: "lost.unroutable", value: outer.unroutable))
    for kind in OuterSocket.allCases {
      let ports = outer.ports.filter { $0.kind == kind }
      guard !ports.isEmpty else { continue }
      let sums: [(String, UInt64)] = [
        ("received", ports.reduce(0) { $0 &+ $1.counters.received }),
        ("sent", ports.reduce(0) { $0 &+ $1.counters.sent }),
        ("truncated", ports.reduce(0) { $0 &+ $1.counters.truncated }),
        ("sendFailures", ports.reduce(0) { $0 &+ $1.counters.sendFailures }),
        ("overflows", ports.reduce(0) { $0 &+ $1.overflows }),
      ]
      counters += sums.map { Counter(name: "socket.\(kind).\($0.0)", value: $0.1) }
    }
    return counters
  }
}
