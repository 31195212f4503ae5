import Testing
@testable import ConnectionService
