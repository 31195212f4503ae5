import Testing
@testable import AgentService
