import Primitives

/// Main modes that peers have started and not finished, kept within limits.
///
/// The rule by which a legitimate peer behind a busy address is served: a first message from one
/// address passes a token bucket; when the address or the whole table is full, the *oldest* exchange
/// whose peer has not yet returned our cookie gives way. An exchange whose peer has (message 3)
/// never gives way to one whose peer has not. So a flood can only push out exchanges that are
/// slower than the flood takes to go once round the table.
struct HalfOpenTable: Sendable {
  /// Addresses whose budget is remembered; beyond, only the table's own limits hold.
  static let bucketsMax = 8192

  private let limits: ISAKMPLimits
  private var buckets: [IPAddress: TokenBucket] = [:]
  /// Oldest first.
  private var unproven: [ISAKMPSAID] = []
  private var unprovenByAddress: [IPAddress: [ISAKMPSAID]] = [:]
  private var provenByAddress: [IPAddress: Set<ISAKMPSAID>] = [:]
  private var provenCount = 0

  init(limits: ISAKMPLimits) { self.limits = limits }

  var count: Int { unproven.count + provenCount }

  /// Whether a first message from `address` is within its rate.
  mutating func isWithinRate(_ address: IPAddress, at now: Instant) -> Bool {
    if buckets[address] == nil {
      if buckets.count >= Self.bucketsMax { forgetFullBuckets(at: now) }
      guard buckets.count < Self.bucketsMax else { return true }
      buckets[address] = TokenBucket(
        perSecond: limits.firstMessagesPerSecond, burst: limits.firstMessageBurst)
    }
    return buckets[address]?.take(at: now) ?? true
  }

  private mutating func forgetFullBuckets(at now: Instant) {
    buckets = buckets.filter { entry in
      var bucket = entry.value
      return !bucket.isFull(at: now)
    }
  }

  /// The exchange that must give way to a new one from `address`, or none.
  func givesWay(to address: IPAddress) -> ISAKMPSAID? {
    if let mine = unprovenByAddress[address], mine.count >= limits.halfOpenPerAddressMax {
      return mine.first
    }
    return unproven.count >= limits.halfOpenMax ? unproven.first : nil
  }

  mutating func insert(_ id: ISAKMPSAID, from address: IPAddress) {
    unproven.append(id)
    unprovenByAddress[address, default: []].append(id)
  }

  /// The peer returned our cookie; `false`, and nothing changed, when too many have.
  mutating func prove(_ id: ISAKMPSAID, from address: IPAddress) -> Bool {
    guard provenCount < limits.halfOpenMax,
      provenByAddress[address, default: []].count < limits.halfOpenPerAddressMax
    else { return false }
    remove(id, from: address)
    provenByAddress[address, default: []].insert(id)
    provenCount += 1
    return true
  }

  mutating func remove(_ id: ISAKMPSAID, from address: IPAddress) {
    if let index = unproven.firstIndex(of: id) {
      unproven.remove(at: index)
      unprovenByAddress[address]?.removeAll { $0 == id }
      if unprovenByAddress[address]?.isEmpty == true { unprovenByAddress[address] = nil }
    } else if provenByAddress[address]?.remove(id) != nil {
      provenCount -= 1
      if provenByAddress[address]?.isEmpty == true { provenByAddress[address] = nil }
    }
  }
}
