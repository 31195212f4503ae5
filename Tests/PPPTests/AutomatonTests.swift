import Testing

@testable import PPP

/// RFC 1661 §4.1 as printed, both halves side by side.
private let table = """
  Up   |    2     irc,scr/6     -         -         -         -       -         -         -           -
  Down |    -         -         0       tls/1       0         1       1         1         1         tld/1
  Open |  tls/1       1     irc,scr/6     3r        5r        5r      6         7         8           9r
  Close|    0       tlf/0       2         2         4         4    irc,str/4 irc,str/4 irc,str/4 tld,irc,str/4
  TO+  |    -         -         -         -       str/4     str/5   scr/6     scr/6     scr/8         -
  TO-  |    -         -         -         -       tlf/2     tlf/3   tlf/3p    tlf/3p    tlf/3p        -
  RCR+ |    -         -       sta/2 irc,scr,sca/8   4         5     sca/8   sca,tlu/9   sca/8   tld,scr,sca/8
  RCR- |    -         -       sta/2 irc,scr,scn/6   4         5     scn/6     scn/7     scn/6   tld,scr,scn/6
  RCA  |    -         -       sta/2     sta/3       4         5     irc/7     scr/6x  irc,tlu/9   tld,scr/6x
  RCN  |    -         -       sta/2     sta/3       4         5   irc,scr/6   scr/6x  irc,scr/8   tld,scr/6x
  RTR  |    -         -       sta/2     sta/3     sta/4     sta/5   sta/6     sta/6     sta/6   tld,zrc,sta/5
  RTA  |    -         -         2         3       tlf/2     tlf/3     6         6         8       tld,scr/6
  RUC  |    -         -       scj/2     scj/3     scj/4     scj/5   scj/6     scj/7     scj/8       scj/9
  RXJ+ |    -         -         2         3         4         5       6         6         8           9
  RXJ- |    -         -       tlf/2     tlf/3     tlf/2     tlf/3   tlf/3     tlf/3     tlf/3   tld,irc,str/5
  RXR  |    -         -         2         3         4         5       6         7         8         ser/9
  """

@Suite(.timeLimit(.minutes(5))) struct AutomatonTests {
  typealias Automaton = OptionNegotiationAutomaton

  /// `irc,scr/6x` as a transition; the letters are footnotes.
  private func transition(_ cell: Substring) -> Automaton.Transition? {
    guard cell != "-" else { return nil }
    let parts = cell.split(separator: "/")
    let number = parts.last.flatMap { Int($0.filter(\.isNumber)) } ?? -1
    let actions = parts.count == 1 ? [] : parts[0].split(separator: ",")
    return Automaton.Transition(
      actions: actions.compactMap { name in
        Automaton.Action.allCases.first { "\($0)" == name }
      }, next: Automaton.State.allCases[number])
  }

  @Test func everyCellIsTheOneOfTheRFC() throws {
    let rows = table.split(separator: "\n")
    try #require(rows.count == Automaton.Event.allCases.count)
    for (event, row) in zip(Automaton.Event.allCases, rows) {
      let cells = row.split(separator: "|")[1].split(separator: " ")
      try #require(cells.count == Automaton.State.allCases.count)
      for (state, cell) in zip(Automaton.State.allCases, cells) {
        let actual = Automaton.transition(event, in: state)
        #expect(actual == transition(cell), "\(event) in \(state)")
      }
    }
  }

  @Test func theRestartTimerRunsWhereTheRFCSaysSo() {
    let running = Automaton.State.allCases.filter(\.runsRestartTimer)
    #expect(running == [.closing, .stopping, .reqSent, .ackRcvd, .ackSent])
  }
}
