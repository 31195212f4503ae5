import CLinux
import Glibc

/// Why a TUN device could not be created.
public enum TUNDeviceError: Error, Hashable, Sendable {
  /// There is no /dev/net/tun, or no driver behind it.
  case noDriver(SystemError)
  /// The process lacks CAP_NET_ADMIN or the right to open /dev/net/tun.
  case notPermitted(SystemError)
  /// Another process or another kind of interface has the name.
  case nameTaken(String)
  /// The name is empty, longer than 15 bytes or not one the kernel accepts.
  case nameInvalid(String)
  /// Anything else.
  case failed(SystemError)
}

extension TUNDeviceError: CustomStringConvertible {
  public var description: String {
    switch self {
    case .noDriver(let error):
      "no TUN driver: \(error); load the tun module or pass /dev/net/tun into the container"
    case .notPermitted(let error): "no right to create a TUN device: \(error); grant CAP_NET_ADMIN"
    case .nameTaken(let name): "the interface \(name) exists already; choose another name"
    case .nameInvalid(let name):
      "\"\(name)\" is not an interface name: 1 to \(TUNDevice.nameBytesMax) bytes, no space or /"
    case .failed(let error): "cannot create a TUN device: \(error)"
    }
  }
}

/// How a TUN device is opened.
public struct TUNOptions: Hashable, Sendable {
  /// Pass super-packets and unfinished checksums where the kernel can; every packet then follows a
  /// virtio header, and slots want a capacity of 65,546 bytes.
  public var offload = false
  /// Let several descriptors share the interface, one for each data thread: open the first with or
  /// without a name, the others with the name that the first one got.
  public var multiQueue = false

  public init() {}
}

/// What a TUN device passes uncut.
public enum TUNOffload: Int32, Hashable, Sendable {
  case none = 0
  case tcp = 1
  case tcpAndUDP = 2
}

/// A TUN device: the kernel's side is an interface, this side reads and writes its IP packets.
///
/// Not persistent: the interface vanishes with its routes when the device is closed, however the
/// process ends.
public struct TUNDevice: PacketDevice, ~Copyable {
  /// The longest interface name (IFNAMSIZ without the terminating zero byte).
  public static let nameBytesMax = Int(CLINUX_INTERFACE_NAME_MAX)

  private let device: FileDescriptor
  /// What the interface is called.
  public let name: String
  public let virtioHeaderBytes: Int
  /// What was found at run time.
  public let offload: TUNOffload
  public private(set) var counters = IOCounters()

  /// - Parameter name: `nil` lets the kernel choose (`tun0`, `tun1`, …).
  public init(
    name: String? = nil, options: TUNOptions = TUNOptions()
  ) throws(TUNDeviceError) {
    if let name, !Self.isValid(name) { throw .nameInvalid(name) }
    let device = try Self.open()
    // Nothing of `self` may be set before the last call that throws: it owns a descriptor.
    let attachedName = try Self.attach(device, to: name, options)
    offload = try Self.enableOffload(of: device, options)
    self.name = attachedName
    virtioHeaderBytes = options.offload ? Int(CLINUX_VIRTIO_HEADER_BYTES) : 0
    self.device = device
  }

  /// What to add to the poller.
  public var descriptor: Int32 { device.number }

  public mutating func read(
    into arena: UnsafeMutableRawBufferPointer, _ slots: UnsafeMutableBufferPointer<IOSlot>
  ) throws(SystemError) -> Int {
    guard let bytes = arena.baseAddress else { return 0 }
    var count = 0
    while count < slots.count {
      let slot = slots[count]
      precondition(slot.hasCapacity(in: arena.count), "a slot outside the arena")
      let result = clinux_read(
        device.number, bytes + Int(slot.offset), Int(slot.capacityBytes))
      if result == -EINTR { continue }
      if result == -EAGAIN { break }
      if result < 0 {
        // What was read before is delivered; the error comes again with the next call.
        if count > 0 { break }
        throw SystemError("read from \(name)", errno: -result)
      }
      if result >= slot.capacityBytes {
        counters.truncated &+= 1
        continue
      }
      slots[count].lengthBytes = UInt32(result)
      slots[count].segmentBytes = 0
      slots[count].failure = 0
      count += 1
    }
    counters.received &+= UInt64(count)
    return count
  }

  public mutating func write(
    from arena: UnsafeRawBufferPointer, _ slots: UnsafeMutableBufferPointer<IOSlot>
  ) throws(SystemError) -> Int {
    guard let bytes = arena.baseAddress else { return 0 }
    var next = 0
    while next < slots.count {
      let slot = slots[next]
      precondition(slot.hasContent(in: arena.count), "a slot outside the arena")
      let result = clinux_write(device.number, bytes + Int(slot.offset), Int(slot.lengthBytes))
      switch -result {
      case EINTR: continue
      case EAGAIN: return next
      case EBADF, EFAULT, EBADFD: throw SystemError("write to \(name)", errno: -result)
      case let error where error > 0:
        // EIO: the interface is down; EINVAL: not an IP packet; ENOBUFS, ENOMEM: the kernel is full.
        slots[next].failure = UInt16(truncatingIfNeeded: error)
        counters.sendFailures &+= 1
        next += 1
      default:
        slots[next].failure = 0
        counters.sent &+= 1
        next += 1
      }
    }
    return next
  }

  private static func open() throws(TUNDeviceError) -> FileDescriptor {
    let result = clinux_tun_open()
    guard result >= 0 else { throw error(opening: -result) }
    return FileDescriptor(owning: result)
  }

  /// Creates the interface and returns what it is called.
  private static func attach(
    _ device: borrowing FileDescriptor, to name: String?, _ options: TUNOptions
  ) throws(TUNDeviceError) -> String {
    var interface = clinux_interface_name()
    withUnsafeMutableBytes(of: &interface.text) { $0.copyBytes(from: (name ?? "").utf8) }
    var flags: Int32 = 0
    if options.offload { flags |= Int32(CLINUX_TUN_VIRTIO_HEADER) }
    if options.multiQueue { flags |= Int32(CLINUX_TUN_MULTI_QUEUE) }
    let result = clinux_tun_attach(device.number, &interface, flags)
    guard result >= 0 else { throw error(attaching: -result, name: name) }
    return withUnsafeBytes(of: interface.text) { bytes in
      String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
    }
  }

  private static func enableOffload(
    of device: borrowing FileDescriptor, _ options: TUNOptions
  ) throws(TUNDeviceError) -> TUNOffload {
    guard options.offload else { return .none }
    let result = clinux_tun_offload(device.number)
    guard result >= 0 else {
      throw .failed(SystemError("set the TUN header's size", errno: -result))
    }
    return TUNOffload(rawValue: result) ?? .none
  }

  private static func isValid(_ name: String) -> Bool {
    let bytes = name.utf8
    guard (1...nameBytesMax).contains(bytes.count), name != ".", name != ".." else { return false }
    return bytes.allSatisfy { (33...126).contains($0) && !"/:%".utf8.contains($0) }
  }

  private static func error(opening number: Int32) -> TUNDeviceError {
    let error = SystemError("open /dev/net/tun", errno: number)
    switch number {
    case ENOENT, ENODEV, ENXIO: return .noDriver(error)
    case EPERM, EACCES: return .notPermitted(error)
    default: return .failed(error)
    }
  }

  private static func error(attaching number: Int32, name: String?) -> TUNDeviceError {
    let error = SystemError("create the interface \(name ?? "tun%d")", errno: number)
    switch (number, name) {
    // EINVAL for a name of ours means that an interface which is no TUN device has it.
    case (EBUSY, .some(let name)), (EEXIST, .some(let name)), (EINVAL, .some(let name)):
      return .nameTaken(name)
    case (EPERM, _): return .notPermitted(error)
    default: return .failed(error)
    }
  }
}
