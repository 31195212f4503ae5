import Gateway
import Primitives
import Testing

@Suite(.timeLimit(.minutes(5))) struct AddressPoolTests {
  private let gateway = IPv4Address(10, 0, 0, 1)

  private func pool(_ text: String) throws -> AddressPool {
    let prefix = try #require(IPPrefix(text))
    return try #require(AddressPool(prefix: prefix, reserved: [gateway]))
  }

  @Test func everyHostAddressIsGivenOnceAndThenNone() throws {
    var pool = try pool("10.0.0.0/29")
    var given: [String] = []
    for _ in 0..<5 { given.append(try pool.take(static: nil).description) }
    #expect(given == ["10.0.0.2", "10.0.0.3", "10.0.0.4", "10.0.0.5", "10.0.0.6"])
    #expect(throws: AddressPool.Refusal.exhausted) { try pool.take(static: nil) }
    pool.release(IPv4Address(10, 0, 0, 4))
    let again = try pool.take(static: nil)
    #expect(again == IPv4Address(10, 0, 0, 4))
  }

  @Test func aReturnedAddressIsNotGivenAgainAtOnce() throws {
    var pool = try pool("10.0.0.0/24")
    let first = try pool.take(static: nil)
    pool.release(first)
    let second = try pool.take(static: nil)
    #expect(second != first)
  }

  @Test func aStaticAddressBelongsToOneSessionAtATime() throws {
    var pool = try pool("10.0.0.0/24")
    let mine = IPv4Address(10, 0, 0, 77)
    let given = try pool.take(static: mine)
    #expect(given == mine)
    #expect(throws: AddressPool.Refusal.inUse(mine)) { try pool.take(static: mine) }
  }

  @Test func theSmallestAndTheLargestBlocksWork() throws {
    var one = try pool("10.9.9.9/32")
    let only = try one.take(static: nil)
    #expect(only == IPv4Address(10, 9, 9, 9))
    var all = try pool("0.0.0.0/0")
    let first = try all.take(static: nil)
    #expect(first == IPv4Address(0, 0, 0, 1))
  }
}
