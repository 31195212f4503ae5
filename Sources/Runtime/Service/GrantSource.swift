import ConnectionService
import Control
import Settings

/// Where a gateway's grants come from: a broker's stream, or a script in tests.
public protocol GrantSource: Sendable {
  /// A new attachment. The first change is `all`.
  ///
  /// Reading it opens it; it ends, with or without an error, when the connection does, or when the
  /// broker has given no sign of life for too long.
  func changes() -> any AsyncSequence<GrantChange, any Error>
}

extension Runtime {
  /// Makes the source for a configured broker.
  ///
  /// - Throws: `refused` for a broker that cannot be asked at all: an address that is none,
  ///   authorities that cannot be read.
  public typealias GrantSourcing =
    @Sendable (BrokerLink) throws(ControlError) -> any GrantSource
}
