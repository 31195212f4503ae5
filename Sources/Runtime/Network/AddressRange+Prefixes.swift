import Primitives
import Settings

extension AddressRange {
  /// The blocks to route for the range: the block that it is the hosts of, else those that cover it
  /// exactly, in order.
  var prefixes: [IPPrefix] {
    if let block = blockOfHosts { return [block] }
    var prefixes: [IPPrefix] = []
    var next = UInt64(first.value)
    let end = UInt64(last.value)
    while next <= end {
      var hostBits = next == 0 ? 32 : min(32, next.trailingZeroBitCount)
      while hostBits > 0, next + (1 << UInt64(hostBits)) - 1 > end { hostBits -= 1 }
      let address = IPAddress.v4(IPv4Address(UInt32(truncatingIfNeeded: next)))
      if let prefix = IPPrefix(address, lengthBits: 32 - hostBits) { prefixes.append(prefix) }
      next += 1 << UInt64(hostBits)
    }
    return prefixes
  }

  /// The block whose addresses these are, all but the network and broadcast address.
  private var blockOfHosts: IPPrefix? {
    let differing = (first.value ^ last.value).leadingZeroBitCount
    guard differing <= 30 else { return nil }
    let hostMask = UInt32.max >> UInt32(differing)
    let base = first.value & ~hostMask
    guard first.value == base + 1, last.value == base | hostMask - 1 else { return nil }
    return IPPrefix(.v4(IPv4Address(base)), lengthBits: differing)
  }
}
