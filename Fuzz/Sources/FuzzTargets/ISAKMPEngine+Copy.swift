@testable import IKE

extension ISAKMPEngine {
  /// What the engine weighed when ``copy()`` was last held against its properties.
  private static let copiedBytes = 632

  /// Another engine in the same state: scripts that begin where keys are up do not negotiate them.
  ///
  /// The product has no such thing, so that nobody forks a session; every property is named here.
  borrowing func copy() -> ISAKMPEngine {
    require(
      MemoryLayout<ISAKMPEngine>.size == Self.copiedBytes,
      "the engine has \(MemoryLayout<ISAKMPEngine>.size) bytes: are all its properties copied?")
    var other = ISAKMPEngine(configuration: configuration)
    other.isakmpSAs = isakmpSAs
    other.saByCookies = saByCookies
    other.saByOurCookie = saByOurCookie
    other.saByFirstMessage = saByFirstMessage
    other.connections = connections
    other.peers = peers
    other.quickModes = quickModes
    other.phase2SAs = phase2SAs
    other.inboundSPIs = inboundSPIs
    other.halfOpen = halfOpen
    other.timers = timers
    other.jobs = jobs
    other.jobOwners = jobOwners
    other.transmits = transmits
    other.events = events
    other.noteTokens = noteTokens
    other.refusalTokens = refusalTokens
    other.failures = failures
    other.counterValues = counterValues
    other.nextNumber = nextNumber
    other.nextTicket = nextTicket
    return other
  }
}
