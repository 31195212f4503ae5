import Testing
@testable import BrokerStore
