import Cryptography
import Primitives

/// What NAT discovery found (RFC 3947 §3.2).
public struct NATState: Hashable, Sendable {
  /// `nil` while, or when, no dialect was agreed.
  public internal(set) var dialect: NATTraversal?
  public internal(set) var localIsBehindNAT = false
  public internal(set) var remoteIsBehindNAT = false
  /// We falsified the peer's hash to get UDP encapsulation without a NAT.
  public internal(set) var isForced = false

  /// Whether ESP must travel in UDP.
  public var needsEncapsulation: Bool { localIsBehindNAT || remoteIsBehindNAT || isForced }

  /// HASH(CKY-I | CKY-R | IP | port) (RFC 3947 §3.2).
  static func hash(
    _ address: SocketAddress, cookies: Cookies, using algorithm: HashAlgorithm
  ) -> [UInt8] {
    var writer = ByteWriter(capacityBytes: 2)
    writer.write(address.port)
    return algorithm.digest(cookies.bytes, address.address.bytes, writer.bytes)
  }

  /// The two NAT-D payloads: the destination's hash first, then the source's. With
  /// `natTraversal: forced` the destination's is random: the peer then believes it is behind a NAT.
  func payloads(
    path: Path, cookies: Cookies, using algorithm: HashAlgorithm,
    random: inout some RandomNumberGenerator
  ) -> [Payload] {
    guard let dialect else { return [] }
    let destination =
      isForced
      ? random.bytes(algorithm.digestLength)
      : Self.hash(path.remote, cookies: cookies, using: algorithm)
    let source = Self.hash(path.local, cookies: cookies, using: algorithm)
    return [destination, source].map { Payload(dialect.discoveryPayload, $0) }
  }

  /// Learns from the peer's NAT-D payloads. Their order does not matter: OS X 10.3 reverses it.
  /// Without any, nothing is concluded.
  mutating func learn(
    _ hashes: [[UInt8]], path: Path, cookies: Cookies, using algorithm: HashAlgorithm
  ) {
    guard !hashes.isEmpty else { return }
    let local = Self.hash(path.local, cookies: cookies, using: algorithm)
    let remote = Self.hash(path.remote, cookies: cookies, using: algorithm)
    localIsBehindNAT = !hashes.contains(local)
    remoteIsBehindNAT = !hashes.contains(remote)
  }
}
