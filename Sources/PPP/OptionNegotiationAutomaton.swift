/// The Option Negotiation Automaton of RFC 1661 §4.1: the table and nothing else.
///
///            Open            Up/scr            RCA              RCR+/tlu
///  Initial ──────► Starting ───────► Req-Sent ──────► Ack-Rcvd ──────────► Opened
///                                        │    RCR+             RCA/tlu        ▲
///                                        └──────────► Ack-Sent ───────────────┘
///
/// Close leads through Closing to Closed, the peer's Terminate-Request through Stopping to Stopped.
/// LCP and every network control protocol run it; `ControlProtocol` performs its actions.
enum OptionNegotiationAutomaton {
  /// RFC 1661 §4.2, in the order of the table's columns.
  enum State: Sendable, Hashable, CaseIterable {
    case initial, starting, closed, stopped, closing, stopping
    case reqSent, ackRcvd, ackSent, opened

    /// Whether the Restart timer runs in this state (RFC 1661 §4.2).
    var runsRestartTimer: Bool {
      switch self {
      case .closing, .stopping, .reqSent, .ackRcvd, .ackSent: true
      case .initial, .starting, .closed, .stopped, .opened: false
      }
    }
  }

  /// RFC 1661 §4.3, in the order of the table's rows.
  enum Event: Sendable, Hashable, CaseIterable {
    /// The lower layer is up, or down; an administrator opens, or closes.
    case up, down, open, close
    /// Timeout with counter > 0, and with the counter expired.
    case toPlus, toMinus
    /// Receive-Configure-Request, good or bad; -Ack; -Nak or -Reject.
    case rcrPlus, rcrMinus, rca, rcn
    /// Receive-Terminate-Request, -Ack.
    case rtr, rta
    /// Receive-Unknown-Code; Code- or Protocol-Reject that is permitted, or catastrophic.
    case ruc, rxjPlus, rxjMinus
    /// Receive-Echo-Request, -Reply or Discard-Request.
    case rxr
  }

  /// RFC 1661 §4.4.
  enum Action: Sendable, Hashable, CaseIterable {
    /// This-Layer-Up, -Down, -Started, -Finished.
    case tlu, tld, tls, tlf
    /// Initialize-Restart-Count, Zero-Restart-Count.
    case irc, zrc
    /// Send-Configure-Request, -Ack, -Nak (or -Reject).
    case scr, sca, scn
    /// Send-Terminate-Request, -Ack; Send-Code-Reject; Send-Echo-Reply.
    case str, sta, scj, ser
  }

  /// One cell of the table.
  struct Transition: Sendable, Equatable {
    var actions: [Action]
    var next: State
  }

  /// Transition table; `nil` where it has a dash: the event cannot happen in that state.
  ///
  /// Neither the restart option [r] nor the passive option [p] is used.
  static func transition(_ event: Event, in state: State) -> Transition? {
    func go(_ next: State, _ actions: Action...) -> Transition {
      Transition(actions: actions, next: next)
    }
    switch (event, state) {
    case (.up, .initial): return go(.closed)
    case (.up, .starting): return go(.reqSent, .irc, .scr)
    case (.up, .closed), (.up, .stopped), (.up, .closing), (.up, .stopping), (.up, .reqSent),
      (.up, .ackRcvd), (.up, .ackSent), (.up, .opened):
      return nil

    case (.down, .initial), (.down, .starting): return nil
    case (.down, .closed), (.down, .closing): return go(.initial)
    case (.down, .stopped): return go(.starting, .tls)
    case (.down, .stopping), (.down, .reqSent), (.down, .ackRcvd), (.down, .ackSent):
      return go(.starting)
    case (.down, .opened): return go(.starting, .tld)

    case (.open, .initial): return go(.starting, .tls)
    case (.open, .closed): return go(.reqSent, .irc, .scr)
    case (.open, .closing): return go(.stopping)
    case (.open, .starting), (.open, .stopped), (.open, .stopping), (.open, .reqSent),
      (.open, .ackRcvd), (.open, .ackSent), (.open, .opened):
      return go(state)

    case (.close, .initial), (.close, .closed), (.close, .closing): return go(state)
    case (.close, .starting): return go(.initial, .tlf)
    case (.close, .stopped): return go(.closed)
    case (.close, .stopping): return go(.closing)
    case (.close, .reqSent), (.close, .ackRcvd), (.close, .ackSent): return go(.closing, .irc, .str)
    case (.close, .opened): return go(.closing, .tld, .irc, .str)

    case (.toPlus, .closing), (.toPlus, .stopping): return go(state, .str)
    case (.toPlus, .reqSent), (.toPlus, .ackRcvd): return go(.reqSent, .scr)
    case (.toPlus, .ackSent): return go(.ackSent, .scr)
    case (.toMinus, .closing): return go(.closed, .tlf)
    case (.toMinus, .stopping): return go(.stopped, .tlf)
    case (.toMinus, .reqSent), (.toMinus, .ackRcvd), (.toMinus, .ackSent): return go(.stopped, .tlf)
    case (.toPlus, .initial), (.toPlus, .starting), (.toPlus, .closed), (.toPlus, .stopped),
      (.toPlus, .opened), (.toMinus, .initial), (.toMinus, .starting), (.toMinus, .closed),
      (.toMinus, .stopped), (.toMinus, .opened):
      return nil

    case (.rcrPlus, .stopped): return go(.ackSent, .irc, .scr, .sca)
    case (.rcrPlus, .reqSent), (.rcrPlus, .ackSent): return go(.ackSent, .sca)
    case (.rcrPlus, .ackRcvd): return go(.opened, .sca, .tlu)
    case (.rcrPlus, .opened): return go(.ackSent, .tld, .scr, .sca)
    case (.rcrMinus, .stopped): return go(.reqSent, .irc, .scr, .scn)
    case (.rcrMinus, .reqSent), (.rcrMinus, .ackSent): return go(.reqSent, .scn)
    case (.rcrMinus, .ackRcvd): return go(.ackRcvd, .scn)
    case (.rcrMinus, .opened): return go(.reqSent, .tld, .scr, .scn)

    case (.rca, .reqSent): return go(.ackRcvd, .irc)
    case (.rca, .ackSent): return go(.opened, .irc, .tlu)
    case (.rcn, .reqSent): return go(.reqSent, .irc, .scr)
    case (.rcn, .ackSent): return go(.ackSent, .irc, .scr)
    case (.rca, .ackRcvd), (.rcn, .ackRcvd): return go(.reqSent, .scr)
    case (.rca, .opened), (.rcn, .opened): return go(.reqSent, .tld, .scr)
    case (.rca, .stopped), (.rcn, .stopped): return go(.stopped, .sta)

    case (.rcrPlus, .closed), (.rcrMinus, .closed), (.rca, .closed), (.rcn, .closed):
      return go(.closed, .sta)
    case (.rcrPlus, .closing), (.rcrMinus, .closing), (.rca, .closing), (.rcn, .closing),
      (.rcrPlus, .stopping), (.rcrMinus, .stopping), (.rca, .stopping), (.rcn, .stopping):
      return go(state)

    case (.rtr, .closed), (.rtr, .stopped), (.rtr, .closing), (.rtr, .stopping):
      return go(state, .sta)
    case (.rtr, .reqSent), (.rtr, .ackRcvd), (.rtr, .ackSent): return go(.reqSent, .sta)
    case (.rtr, .opened): return go(.stopping, .tld, .zrc, .sta)

    case (.rta, .closed), (.rta, .stopped), (.rta, .reqSent), (.rta, .ackSent): return go(state)
    case (.rta, .closing): return go(.closed, .tlf)
    case (.rta, .stopping): return go(.stopped, .tlf)
    case (.rta, .ackRcvd): return go(.reqSent)
    case (.rta, .opened): return go(.reqSent, .tld, .scr)

    case (.ruc, .closed), (.ruc, .stopped), (.ruc, .closing), (.ruc, .stopping), (.ruc, .reqSent),
      (.ruc, .ackRcvd), (.ruc, .ackSent), (.ruc, .opened):
      return go(state, .scj)

    case (.rxjPlus, .closed), (.rxjPlus, .stopped), (.rxjPlus, .closing), (.rxjPlus, .stopping),
      (.rxjPlus, .reqSent), (.rxjPlus, .ackSent), (.rxjPlus, .opened):
      return go(state)
    case (.rxjPlus, .ackRcvd): return go(.reqSent)

    case (.rxjMinus, .closed), (.rxjMinus, .closing): return go(.closed, .tlf)
    case (.rxjMinus, .stopped), (.rxjMinus, .stopping), (.rxjMinus, .reqSent),
      (.rxjMinus, .ackRcvd), (.rxjMinus, .ackSent):
      return go(.stopped, .tlf)
    case (.rxjMinus, .opened): return go(.stopping, .tld, .irc, .str)

    case (.rxr, .closed), (.rxr, .stopped), (.rxr, .closing), (.rxr, .stopping), (.rxr, .reqSent),
      (.rxr, .ackRcvd), (.rxr, .ackSent):
      return go(state)
    case (.rxr, .opened): return go(.opened, .ser)

    case (.rcrPlus, .initial), (.rcrMinus, .initial), (.rca, .initial), (.rcn, .initial),
      (.rtr, .initial), (.rta, .initial), (.ruc, .initial), (.rxjPlus, .initial),
      (.rxjMinus, .initial), (.rxr, .initial), (.rcrPlus, .starting), (.rcrMinus, .starting),
      (.rca, .starting), (.rcn, .starting), (.rtr, .starting), (.rta, .starting),
      (.ruc, .starting), (.rxjPlus, .starting), (.rxjMinus, .starting), (.rxr, .starting):
      return nil
    }
  }
}
