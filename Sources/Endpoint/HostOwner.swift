import IKE
import Primitives

/// Who owns a host: answers its questions about users and addresses, and says what remains to be
/// done outside.
///
/// The gateway and the dialling agent are owners; whatever drives one (the runtime, the simulation)
/// drives both alike.
public protocol HostOwner: ~Copyable {
  var host: Host { get set }

  /// Answers what the host asked since the last call. Call after every input to the host, before
  /// `nextOutput`.
  mutating func answer(at now: Instant, using random: inout some RandomNumberGenerator)

  /// Takes the next thing to be done outside; call until it returns `nil`. Datagrams wait in
  /// `host.control`.
  mutating func nextOutput() -> OwnerOutput?
}

/// What only the outside can do.
public enum OwnerOutput: Sendable {
  case compute(KeyExchangeJob)
  case event(EndpointEvent)
}
