import CLinux
import Glibc
import Primitives

/// The part that UDP and raw sockets share: the descriptor, the scratch for one batch, the counts
/// and what each error means.
struct DatagramDescriptor: ~Copyable {
  /// How often in a row a receive may find an ICMP error in place of a datagram before it leaves
  /// the rest to the next turn of the loop.
  static let networkErrorsMax = 64

  let descriptor: FileDescriptor
  let local: IOAddress
  let receiveOffload: Bool
  private(set) var segmentationOffload: Bool
  var counters = IOCounters()
  private let batch: DatagramBatch

  /// - Parameter rawProtocol: the IP protocol of a raw socket; `nil` opens a UDP socket.
  init(
    bindingTo address: IOAddress, rawProtocol: Int32?, options: SocketOptions,
    operation: String
  ) throws(SystemError) {
    let descriptor = try FileDescriptor(
      clinux_datagram_socket(
        Int32(address.family), rawProtocol == nil ? 0 : 1, rawProtocol ?? 0),
      operation)
    let number = descriptor.number
    if options.reuseAddress {
      try check(clinux_set_option(number, Int32(CLINUX_REUSE_ADDRESS), 1), operation)
    }
    if options.reusePort {
      try check(clinux_set_option(number, Int32(CLINUX_REUSE_PORT), 1), operation)
    }
    try check(
      clinux_set_buffers(
        number, Int32(clamping: options.receiveBufferBytes),
        Int32(clamping: options.sendBufferBytes)),
      operation)
    var name = address.shimValue
    try check(clinux_bind(number, &name), operation)
    try check(clinux_local_address(number, &name), operation)
    let batch = try DatagramBatch(operation)
    let offload = options.offload && rawProtocol == nil
    receiveOffload = offload && clinux_set_option(number, Int32(CLINUX_UDP_GRO), 1) >= 0
    segmentationOffload = offload && clinux_set_option(number, Int32(CLINUX_UDP_SEGMENT), 0) >= 0
    local = IOAddress(name)
    self.batch = batch
    self.descriptor = descriptor
  }

  mutating func receive(
    into arena: UnsafeMutableRawBufferPointer, _ slots: UnsafeMutableBufferPointer<IOSlot>,
    keeping isSound: (inout IOSlot) -> Bool
  ) throws(SystemError) -> Int {
    guard let bytes = arena.baseAddress, let first = slots.baseAddress else { return 0 }
    for slot in slots {
      precondition(slot.hasCapacity(in: arena.count), "a slot outside the arena")
    }
    var errors = 0
    while true {
      let result = clinux_receive(
        descriptor.number, batch.pointer, bytes, first, Int32(clamping: slots.count), local.port)
      if result >= 0 { return keep(Int(result), of: slots, isSound) }
      switch -result {
      case EINTR: continue
      case EAGAIN, ENOBUFS, ENOMEM: return 0
      case let error where Self.isNetworkError(error):
        counters.networkErrors &+= 1
        errors += 1
        guard errors < Self.networkErrorsMax else { return 0 }
      default: throw SystemError("receive datagrams", errno: -result)
      }
    }
  }

  /// Moves the records of sound datagrams to the front.
  private mutating func keep(
    _ count: Int, of slots: UnsafeMutableBufferPointer<IOSlot>, _ isSound: (inout IOSlot) -> Bool
  ) -> Int {
    var kept = 0
    for index in 0..<count {
      if slots[index].failure != 0 {
        slots[index].failure = 0
        counters.truncated &+= 1
      } else if !isSound(&slots[index]) {
        counters.malformed &+= 1
      } else {
        slots.swapAt(kept, index)
        kept += 1
      }
    }
    counters.received &+= UInt64(kept)
    return kept
  }

  mutating func send(
    from arena: UnsafeRawBufferPointer, _ slots: UnsafeMutableBufferPointer<IOSlot>
  ) throws(SystemError) -> Int {
    guard let bytes = arena.baseAddress, let first = slots.baseAddress else { return 0 }
    for index in slots.indices {
      precondition(
        slots[index].hasContent(in: arena.count), "a slot outside the arena")
      precondition(slots[index].remote.family != 0, "a datagram without destination")
      slots[index].failure = 0
    }
    var next = 0
    // The slot that the kernel would not cut; it goes out cut by us.
    var cutByUs = -1
    while next < slots.count {
      var done: Int32 = 0
      let offload = segmentationOffload && next != cutByUs
      let window = next == cutByUs ? 1 : slots.count - next
      let result = clinux_send(
        descriptor.number, batch.pointer, bytes, first + next, Int32(clamping: window),
        offload ? 1 : 0,
        &done)
      if result == 0 { return next }
      if result > 0 {
        next += Int(done)
        counters.sent &+= UInt64(done)
        continue
      }
      switch -result {
      case EINTR: continue
      case EAGAIN: return next
      case EIO where offload:
        // The device cannot fill in checksums, which segmentation needs.
        segmentationOffload = false
      case EINVAL where offload && slots[next].segmentBytes != 0,
        EMSGSIZE where offload && slots[next].segmentBytes != 0:
        cutByUs = next
      case EBADF, ENOTSOCK, EFAULT:
        throw SystemError("send datagrams", errno: -result)
      case let error:
        slots[next].failure = UInt16(truncatingIfNeeded: error)
        counters.sendFailures &+= 1
        next += 1
      }
    }
    return next
  }

  /// Errors that ICMP messages about earlier datagrams leave on a socket.
  private static func isNetworkError(_ error: Int32) -> Bool {
    switch error {
    case ECONNREFUSED, EHOSTUNREACH, ENETUNREACH, EHOSTDOWN, ENETDOWN, EMSGSIZE, EPROTO,
      ENOPROTOOPT, EACCES, EOPNOTSUPP:
      true
    default: false
    }
  }
}

extension IOAddress {
  init(_ value: clinux_address) {
    self = .none
    high = value.high
    low = value.low
    interface = value.interface
    port = value.port
    family = value.family
  }

  var shimValue: clinux_address {
    clinux_address(
      high: high, low: low, interface: interface, port: port, family: family, reserved: 0)
  }
}
