import Primitives

/// Phases of a link (RFC 1661 §3.2).
public enum PPPPhase: String, Sendable, CaseIterable {
  case dead, establish, authenticate, network, terminate
}

/// States of LCP and IPCP (RFC 1661 §4.2).
public enum NegotiationState: String, Sendable, CaseIterable {
  case initial, starting, closed, stopped, closing, stopping
  case reqSent, ackRcvd, ackSent, opened

  init(_ state: OptionNegotiationAutomaton.State) {
    self =
      switch state {
      case .initial: .initial
      case .starting: .starting
      case .closed: .closed
      case .stopped: .stopped
      case .closing: .closing
      case .stopping: .stopping
      case .reqSent: .reqSent
      case .ackRcvd: .ackRcvd
      case .ackSent: .ackSent
      case .opened: .opened
      }
  }
}

/// Everything about a link that may be shown; holds no secret.
public struct PPPSnapshot: Sendable, Equatable {
  public var phase: PPPPhase
  public var lcpState: NegotiationState
  public var ipcpState: NegotiationState
  /// What LCP settled; `nil` unless it is Opened.
  public var lcp: LCPResult?
  /// MRU that we announced.
  public var mruBytes: Int
  /// Our magic number; 0 while there is none.
  public var magicNumber: UInt32
  /// Who authenticated, printable; `nil` before.
  public var user: String?
  /// What IPCP settled; `nil` unless it is Opened.
  public var network: NetworkFacts?
  /// Echo-Requests that the peer has not answered.
  public var echoesUnanswered: Int
  /// When the silence is looked at next.
  public var echoDeadline: Instant?
  /// By when the network layer has to be up.
  public var setupDeadline: Instant?
  /// Why the link is closing or closed.
  public var closeReason: CloseReason?
  public var violations: PPPViolationCounts
}
