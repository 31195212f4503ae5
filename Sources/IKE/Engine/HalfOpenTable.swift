import Primitives

/// Main modes that peers have started and not finished, kept within limits.
///
/// The rule by which a legitimate peer behind a busy address is served: a first message from one
/// source passes a token bucket; when the source or the whole table is full, the *oldest* exchange
/// whose peer has not yet returned our cookie gives way. An exchange whose peer has (message 3)
/// never gives way to one whose peer has not. So a flood can only push out exchanges that are
/// slower than the flood takes to go once round the table.
struct HalfOpenTable: Sendable {
  /// Sources whose budget is remembered; beyond, only the table's own limits hold.
  static let bucketsMax = 8192

  /// What counts as one source: an IPv4 address, or an IPv6 network of 64 bits, for whoever has one
  /// address of that has all of them (RFC 4291 §2.5.4).
  static func source(of address: IPAddress) -> IPAddress {
    switch address {
    case .v4: address
    case .v6(let address): .v6(IPv6Address(high: address.high, low: 0))
    }
  }

  private let limits: ISAKMPLimits
  private var buckets: [IPAddress: TokenBucket] = [:]
  /// Oldest first.
  private var unproven: [ISAKMPSAID] = []
  private var unprovenBySource: [IPAddress: [ISAKMPSAID]] = [:]
  private var provenBySource: [IPAddress: Set<ISAKMPSAID>] = [:]
  private var provenCount = 0

  init(limits: ISAKMPLimits) { self.limits = limits }

  var count: Int { unproven.count + provenCount }

  /// Whether a first message from `address` is within its rate.
  mutating func isWithinRate(_ address: IPAddress, at now: Instant) -> Bool {
    let source = Self.source(of: address)
    if buckets[source] == nil {
      if buckets.count >= Self.bucketsMax { forgetFullBuckets(at: now) }
      guard buckets.count < Self.bucketsMax else { return true }
      buckets[source] = TokenBucket(
        perSecond: limits.firstMessagesPerSecond, burst: limits.firstMessageBurst)
    }
    return buckets[source]?.take(at: now) ?? true
  }

  private mutating func forgetFullBuckets(at now: Instant) {
    buckets = buckets.filter { entry in
      var bucket = entry.value
      return !bucket.isFull(at: now)
    }
  }

  /// The exchange that must give way to a new one from `address`, or none.
  func givesWay(to address: IPAddress) -> ISAKMPSAID? {
    if let mine = unprovenBySource[Self.source(of: address)],
      mine.count >= limits.halfOpenPerAddressMax
    {
      return mine.first
    }
    return unproven.count >= limits.halfOpenMax ? unproven.first : nil
  }

  mutating func insert(_ id: ISAKMPSAID, from address: IPAddress) {
    unproven.append(id)
    unprovenBySource[Self.source(of: address), default: []].append(id)
  }

  /// The peer returned our cookie; `false`, and nothing changed, when too many have.
  mutating func prove(_ id: ISAKMPSAID, from address: IPAddress) -> Bool {
    let source = Self.source(of: address)
    guard provenCount < limits.halfOpenMax,
      provenBySource[source, default: []].count < limits.halfOpenPerAddressMax
    else { return false }
    remove(id, from: address)
    provenBySource[source, default: []].insert(id)
    provenCount += 1
    return true
  }

  mutating func remove(_ id: ISAKMPSAID, from address: IPAddress) {
    let source = Self.source(of: address)
    if let index = unproven.firstIndex(of: id) {
      unproven.remove(at: index)
      unprovenBySource[source]?.removeAll { $0 == id }
      if unprovenBySource[source]?.isEmpty == true { unprovenBySource[source] = nil }
    } else if provenBySource[source]?.remove(id) != nil {
      provenCount -= 1
      if provenBySource[source]?.isEmpty == true { provenBySource[source] = nil }
    }
  }
}
