import Testing
@testable import BrokerServer
