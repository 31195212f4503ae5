import Agent
import ConnectionService
import Control
import Glibc
import Primitives

// What people at the device ask; the broker is not needed for any of it (CS-24).
extension AgentService: AgentControl {
  public func status() -> AgentStatus {
    perform { (core, now, time) throws(ControlError) in try core.supervise(at: now, time: time) }
    return AgentStatus(
      version: version, processID: Int(getpid()),
      uptimeSeconds: Double((clock.now() - startedAt).wholeNanoseconds) / 1e9, broker: brokerName,
      brokerState: standing.state, brokerProblem: standing.problem, epoch: core.agent.epoch,
      productID: productID,
      state: core.agent.state, waiting: core.agent.waitingCount,
      connectionsMax: ConnectionAgent.connectionsMax,
      historySequence: core.agent.historySequence,
      historyAcknowledged: core.agent.historyAcknowledged)
  }

  public func connections() -> [AgentConnectionRecord] {
    let now = clock.now()
    return core.agent.connections.map { connection in
      AgentConnectionRecord(
        id: connection.id, organisation: connection.organisation, user: connection.user,
        openedAt: connection.openedTime,
        ageSeconds: Double((now - connection.openedAt).wholeNanoseconds) / 1e9)
    }
  }

  public func history(after sequence: UInt64) throws(ControlError) -> [HistoryEvent] {
    try core.history.events(after: sequence, limit: AgentRequest.historyLinesMax)
  }

  public func tunnels() throws(ControlError) -> [AgentTunnelRecord] {
    try core.history.tunnels(limit: AgentRequest.tunnelsMax)
  }

  public func closeAll() throws(ControlError) -> AgentCloseReply {
    let closed = perform { (core, now, time) throws(ControlError) in
      try core.closeAll(.administrator, at: now, time: time)
    }
    guard let closed else {
      throw ControlError(
        .internalError, "the history cannot be written", cause: "see the agent's log",
        nextStep: "the agent is ending and takes its tunnel along")
    }
    return AgentCloseReply(closed: closed)
  }
}
