import Primitives

@testable import LinuxIO

extension FuzzTarget {
  /// What the kernel answers to a question about an interface or a route, in datagrams.
  static let netlink = FuzzTarget(
    name: "netlink", inputBytesMax: 4_096,
    seeds: { netlinkSeeds() },
    run: { input in
      var script = Script(input)
      var answer = NetlinkAnswer(to: netlinkSequence)
      while !script.isAtEnd {
        let datagram = script.chunk()
        for message in NetlinkMessage.parse(datagram) {
          require(message.payload.count <= datagram.count, "a message longer than its datagram")
          _ = message.explanation
        }
        do throws(SystemError) {
          guard try answer.take(datagram, "ask") else { continue }
        } catch {
          require(error.errno != 0, "refused with success")
          _ = error.description
          return
        }
        break
      }
      require(
        answer.messages.allSatisfy { $0.sequence == netlinkSequence },
        "an answer to another question")
      if let link = try? Netlink.link(named: "tun0", in: answer.messages, "ask") {
        require(link.mtuBytes >= 0 && link.queuePackets >= 0, "a number below zero")
      }
      if let route = try? Netlink.route(in: answer.messages, "ask") {
        _ = route.gateway?.description
        _ = route.source?.description
      }
    })

  private static let netlinkSequence: UInt32 = 7

  private static func native<Value: FixedWidthInteger>(_ value: Value) -> [UInt8] {
    withUnsafeBytes(of: value) { Array($0) }
  }

  private static func message(
    _ type: UInt16, flags: UInt16 = 0, _ payload: [UInt8]
  ) -> [UInt8] {
    native(UInt32(16 + payload.count)) + native(type) + native(flags) + native(netlinkSequence)
      + native(UInt32(0)) + payload + [UInt8](repeating: 0, count: -payload.count & 3)
  }

  private static func attribute(_ type: UInt16, _ value: [UInt8]) -> [UInt8] {
    native(UInt16(4 + value.count)) + native(type) + value
      + [UInt8](repeating: 0, count: -value.count & 3)
  }

  private static func netlinkSeeds() -> [[UInt8]] {
    let done = message(2, native(Int32(0)))
    let link =
      [0, 0, 0, 0] + native(UInt32(5)) + native(UInt32(1)) + native(UInt32(0))
      + attribute(3, Array("tun0\0".utf8)) + attribute(4, native(UInt32(1_400)))
      + attribute(13, native(UInt32(500)))
    let route: [UInt8] =
      [2, 32, 0, 0, 254, 4, 0, 1, 0, 0, 0, 0] + attribute(1, [192, 0, 2, 1])
      + attribute(4, native(UInt32(2))) + attribute(5, [10, 0, 0, 1])
      + attribute(7, [10, 0, 0, 9])
    let request = message(24, route)
    let refusal = message(
      2, flags: 0x200, native(Int32(-22)) + request + attribute(1, Array("no such route\0".utf8)))
    let capped = message(
      2, flags: 0x300,
      native(Int32(-1)) + request.prefix(16)
        + attribute(1, Array("not you\0".utf8)))
    let datagrams: [[[UInt8]]] = [
      [message(16, link), done], [message(24, route) + done], [refusal], [capped],
      [message(2, native(Int32.min))], [done, done],
    ]
    return datagrams.map { list in
      list.flatMap { [UInt8($0.count >> 8), UInt8($0.count & 0xff)] + $0 }
    }
  }
}
