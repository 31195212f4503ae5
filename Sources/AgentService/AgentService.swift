/// The connection agent as a running program.
public enum AgentService {}
