import Primitives
import Testing

/// Prefixes and deadlines at the last value that counts, and at the first that does not.
@Suite(.timeLimit(.minutes(5))) struct EdgeTests {
  @Test(arguments: [
    ("0.0.0.0/0", "0.0.0.0", true), ("0.0.0.0/0", "255.255.255.255", true),
    ("128.0.0.0/1", "128.0.0.0", true), ("128.0.0.0/1", "127.255.255.255", false),
    ("10.1.2.4/31", "10.1.2.5", true), ("10.1.2.4/31", "10.1.2.6", false),
    ("10.1.2.4/32", "10.1.2.4", true), ("10.1.2.4/32", "10.1.2.5", false),
    ("::/0", "ffff::ffff", true), ("8000::/1", "7fff::", false),
    ("2001:db8:0:1::/64", "2001:db8:0:1:ffff:ffff:ffff:ffff", true),
    ("2001:db8:0:1::/64", "2001:db8:0:2::", false),
    ("2001:db8::8000:0:0:0/65", "2001:db8::8000:0:0:1", true),
    ("2001:db8::8000:0:0:0/65", "2001:db8::7fff:0:0:0", false),
    ("2001:db8::4/127", "2001:db8::5", true), ("2001:db8::4/127", "2001:db8::6", false),
    ("2001:db8::4/128", "2001:db8::4", true), ("2001:db8::4/128", "2001:db8::5", false),
  ])
  func aPrefixEndsWhereItsLengthSays(_ prefix: String, _ address: String, _ isInside: Bool) throws {
    let block = try #require(IPPrefix(prefix))
    #expect(block.contains(try #require(IPAddress(address))) == isInside)
  }

  @Test func aDeadlineIsDueAtItsInstantAndNotOneNanosecondBefore() {
    var queue = DeadlineQueue<Int>()
    queue.set(.zero + .seconds(1), for: 1)
    let before = queue.popDue(at: Instant(nanoseconds: 999_999_999))
    let then = queue.popDue(at: .zero + .seconds(1))
    #expect(before == nil)
    #expect(then == 1)
  }
}
