import Control
import Testing

@testable import drawbridge

@Suite(.timeLimit(.minutes(5))) struct TableTests {
  @Test func lt10TunnelsShowTheTimeTheyHaveLeftAndWhetherTheyAreSpent() {
    let text = Table.l2tpTunnels.render([Samples.tunnel, Samples.spentTunnel])
    #expect(
      text == """
        ID  PEER                HOST NAME                ROLE  STATE        SESSIONS  SINGLE-SHOT  SPENT  IDLE TIMEOUT  IDLE LEFT  CLOSED           DESTRUCT IN
         7  198.51.100.7:61234  rig                      lns   established   0/65535  no           no     1m            41s        -                -
        12  198.51.100.7:61234  evil\\u{1b}[31m\\u{a}host  lns   closed            0/1  yes          yes    never         -          singleShotSpent  9m58s
        """)
  }

  @Test func exchangesShowBackoffRetransmissionsAndRetries() {
    #expect(
      Table.isakmpExchanges.render([Samples.exchange]) == """
        ID  PEER                PHASE  MODE  ROLE       STATE       MESSAGE BACK-OFF  SENT  NEXT  RETRY  AGE  LAST ERROR
         9  198.51.100.7:61234  1      main  initiator  awaitingSA  incremental       2/8   12s   3/∞    17s  -
        """)
  }

  @Test func sessionsShowUserAddressAndVolume() {
    #expect(
      Table.l2tpSessions.render([Samples.session]) == """
        ID  TUNNEL  USER  ADDRESS   STATE        AGE  INACTIVITY LEFT    IN    OUT  SPENT  CLOSED  DESTRUCT IN
         8       7  anna  10.9.0.7  established  12s  -                60 B  120 B  no     -       -
        """)
  }

  @Test func grantsShowWhetherPacketsPassAndWhyNot() {
    #expect(
      Table.grants.render(Samples.grants.items) == """
        CONNECTION          OPERATOR  DEVICE   DEVICE ADDRESS  OPERATOR SESSIONS  DEVICE SESSION  AGE  FORWARDING  WHY NOT
        c-0123456789abcdef  anna      pump-17  10.9.0.7        8, 12                           9  41s  yes         -
        c-123456789abcdefg  bert      pump-17  10.9.0.7        -                               9  5s   no          operatorNotConnected
        """)
  }

  @Test func theStreamOfGrantsIsALine() {
    var stream = Samples.grantStream
    #expect(
      Show.stream(stream)
        == "https://broker.example.net:8443 attached for 3m12s, last change 5s ago")
    stream.state = .waiting
    stream.retryInSeconds = 4
    stream.lastChangeSecondsAgo = nil
    stream.grantsRefused = 2
    stream.lastError = "the broker ended the stream"
    #expect(
      Show.stream(stream) == """
        https://broker.example.net:8443 waiting for 3m12s, next attempt in 4s, no change yet, \
        2 grants refused, the broker ended the stream
        """)
  }

  @Test func anEmptyTableSaysSo() {
    #expect(Table.l2tpTunnels.render([]) == "no L2TP tunnels")
    #expect(Table.ipsecSAs.renderDetails([]) == "no IPsec security associations")
  }

  @Test func detailsHaveEveryFieldOfARecord() {
    let text = Table.ipsecSAs.renderDetails([Samples.ipsecSA])
    #expect(text.contains("SELECTORS            192.0.2.1/udp/1701 <-> 198.51.100.7/udp/*"))
    #expect(text.contains("DISCONNECT IN        9m50s"))
    #expect(text.split(separator: "\n").count == Table.ipsecSAs.columns.count)
  }

  @Test func theHeadingIsBoldOnlyWhereColourIsTaken() {
    let table = Table<Counter>.counters
    #expect(!table.render([Samples.counter]).contains("\u{1B}"))
    #expect(table.render([Samples.counter], colour: true).hasPrefix("\u{1B}[1mNAME"))
  }

  @Test func valuesAreShownInTheUnitsPeopleUse() {
    #expect(Show.time(nil) == "" && Show.time(0) == "0s" && Show.time(1.26) == "1s300ms")
    #expect(Show.time(598.4) == "9m58s" && Show.time(.infinity) == "" && Show.time(-5) == "0s")
    #expect(Show.bytes(999) == "999 B" && Show.bytes(1_000) == "1.0 kB")
    #expect(Show.bytes(12_345_678) == "12.3 MB" && Show.bytes(.max) == "18446744.0 TB")
    #expect(Show.endpoint("2001:db8::1", 500) == "[2001:db8::1]:500")
  }
}
