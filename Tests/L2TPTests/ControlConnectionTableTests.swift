import Primitives
import Testing

@testable import L2TP

/// RFC 2661 §7.2.1, every phase with every message type.
@Suite(.timeLimit(.minutes(5))) struct ControlConnectionTableTests {
  enum Row: Hashable {
    /// Nothing but the acknowledgement, or not even that.
    case stays
    case goes(TunnelPhase)
    /// StopCCN with "finite state machine error".
    case stops
    /// Closed without a word of ours.
    case cleansUp
    /// Dropped before acceptance.
    case dropped
    /// The session tables decide.
    case call
  }

  private static let calls: Set<MessageType> = [
    .ocrq, .ocrp, .occn, .icrq, .icrp, .iccn, .cdn, .wen, .sli,
  ]

  /// The table as the RFC has it.
  static func expected(_ role: TunnelRole, _ phase: TunnelPhase, _ type: MessageType) -> Row {
    if phase == .over { return .dropped }
    if phase == .stopped { return role == .lac && type == .sccrq ? .dropped : .stays }
    if type == .stopCCN { return .cleansUp }
    // An SCCRQ without our id belongs to a tunnel of the peer's making, not to one of ours.
    if role == .lac, type == .sccrq { return .dropped }
    switch phase {
    case .idle:
      switch type {
      case .sccrq: return .goes(.waitCtlConn)
      case .sccrp: return .stops
      case .scccn: return .cleansUp
      default: return .dropped
      }
    case .waitCtlReply:
      switch type {
      case .sccrp: return .goes(.established)
      case .hello: return .stays
      default: return .stops
      }
    case .waitCtlConn:
      switch type {
      case .scccn: return .goes(.established)
      case .hello: return .stays
      default: return .stops
      }
    case .established:
      if calls.contains(type) { return .call }
      return type == .hello ? .stays : .stops
    case .stopped, .over: return .stays
    }
  }

  static let phases: [(TunnelRole, TunnelPhase)] = [
    (.lns, .idle), (.lns, .waitCtlConn), (.lns, .established), (.lns, .stopped), (.lns, .over),
    (.lac, .waitCtlReply), (.lac, .established), (.lac, .stopped), (.lac, .over),
  ]

  @Test func everyPhaseMeetsEveryMessageAsInTheTable() {
    for (role, phase) in Self.phases {
      for type in MessageType.allCases {
        var bench = Bench.at(phase, role)
        // The SCCRP acknowledges the SCCRQ; nothing was sent by an idle tunnel.
        let violation = bench.send(type)
        let note = Comment(rawValue: "\(role) \(phase.rawValue) \(type)")
        let closed = bench.events.filter(\.isClosed)
        switch Self.expected(role, phase, type) {
        case .stays:
          #expect(bench.tunnel.phase == phase, note)
          #expect(bench.sentTypes == [nil], note)
          #expect(bench.events.isEmpty, note)
        case .goes(let next):
          #expect(bench.tunnel.phase == next, note)
          #expect(violation == nil, note)
          #expect(closed.isEmpty, note)
        case .stops:
          #expect(bench.tunnel.phase == .stopped, note)
          #expect(violation == .improperSequence, note)
          #expect(closed.map(\.closeReason) == [.negotiationFailed], note)
          // A LAC that has heard no id of the peer has nowhere to send a StopCCN.
          if phase == .waitCtlReply {
            #expect(bench.sentTypes == [nil], note)
          } else {
            #expect(bench.lastResult?.stopCCNResult == .finiteStateMachineError, note)
          }
        case .cleansUp:
          #expect(bench.tunnel.phase == .stopped, note)
          #expect(bench.sentTypes == [nil], note)
          #expect(closed.count == 1, note)
        case .dropped:
          #expect(bench.tunnel.phase == phase, note)
          #expect(violation != nil, note)
          #expect(bench.sent.isEmpty && bench.events.isEmpty, note)
        case .call:
          #expect(bench.tunnel.phase == .established, note)
          #expect(closed.isEmpty, note)
        }
      }
    }
  }

  @Test func repeatedStartMessagesInNewSequenceCloseAnEstablishedTunnel() {
    for type in [MessageType.sccrq, .sccrp, .scccn] {
      var bench = Bench.at(.established)
      let violation = bench.send(type, tunnelID: Bench.localID)
      #expect(violation == .improperSequence)
      #expect(bench.lastResult?.stopCCNResult == .finiteStateMachineError)
    }
  }

  @Test func closedTunnelKeepsItsStateForOneCycle() {
    var bench = Bench.at(.established)
    bench.acknowledge()
    bench.tunnel.close(
      result: ResultCode(stopCCN: .generalRequest), reason: .idleTimeout, at: bench.now)
    bench.drain()
    #expect(bench.sentTypes.last == .stopCCN)
    #expect(bench.events.map(\.closeReason) == [.idleTimeout])
    bench.now = bench.now + .milliseconds(500)
    bench.acknowledge()
    #expect(bench.tunnel.snapshot.retentionEnds == bench.now + .seconds(47))
    bench.run(until: bench.now + .seconds(46))
    #expect(bench.tunnel.isDiscardable == false)
    bench.run(until: bench.now + .seconds(1))
    #expect(bench.tunnel.isDiscardable == true)
    #expect(bench.events.filter(\.isClosed).count == 1)
  }

  @Test func unacknowledgedStopCCNIsRepeatedAndThenForgotten() {
    var bench = Bench.at(.established)
    bench.acknowledge()
    bench.tunnel.close(result: ResultCode(stopCCN: .generalRequest), at: bench.now)
    bench.drain()
    bench.run(until: .zero + .seconds(60))
    #expect(bench.sentTypes.count { $0 == .stopCCN } == 8)
    #expect(bench.tunnel.isDiscardable == true)
    #expect(bench.tunnel.nextTimeout == nil)
  }

  @Test func crossingStopCCNsAreBothAcknowledged() {
    var pair = Pair()
    pair.run(for: .seconds(1))
    pair.lac.close(result: ResultCode(stopCCN: .generalRequest), at: pair.now)
    pair.lns.close(result: ResultCode(stopCCN: .generalRequest), at: pair.now)
    pair.drain()
    pair.run(for: .milliseconds(100))
    #expect(pair.lac.snapshot.outgoing == 0)
    #expect(pair.lns.snapshot.outgoing == 0)
    #expect(pair.lacEvents.filter(\.isClosed).count == 1)
    #expect(pair.lnsEvents.filter(\.isClosed).count == 1)
  }

  @Test func closingBeforeTheReplyMakesThePeerStopWhenItComes() {
    var bench = Bench(.lac)
    bench.tunnel.close(result: ResultCode(stopCCN: .generalRequest), at: bench.now)
    bench.sent = []
    bench.drain()
    #expect(bench.sent.isEmpty)
    bench.send(.sccrp)
    #expect(bench.sentTypes == [.stopCCN])
    #expect(bench.sent.first?.header.tunnelID == Bench.remoteID)
    #expect(bench.sent.first?.header.ns == 1)
    #expect(bench.events.filter(\.isClosed).count == 1)
  }

  @Test func tunnelThatIsNeverConnectedIsGivenUp() {
    var bench = Bench.at(.waitCtlConn)
    bench.acknowledge()
    bench.run(until: .zero + .seconds(59))
    #expect(bench.tunnel.phase == .waitCtlConn)
    bench.run(until: .zero + .seconds(60))
    #expect(bench.tunnel.phase == .stopped)
    #expect(bench.sentTypes.last == .stopCCN)
    #expect(bench.events.map(\.closeReason) == [.negotiationFailed])
  }
}
