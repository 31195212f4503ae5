import Glibc
import LinuxIO
import Primitives
import Testing

@Suite(.timeLimit(.minutes(5))) struct HostServicesTests {
  @Test func serviceManagerHearsEveryStateOverAnAbstractSocket() async throws {
    try await NetworkNamespace.run {
      let manager = try UNIXReceiver(name: "@drawbridge-notify")
      let notifier = ServiceNotifier(socketName: manager.name)
      try notifier.ready()
      try notifier.status("two\nlines")
      try notifier.reloading()
      try notifier.stopping()
      let ready = manager.next()
      #expect(ready == "READY=1")
      let status = manager.next()
      #expect(status == "STATUS=two lines")
      let reloading = manager.next()?.split(separator: "\n")
      #expect(reloading?.first == "RELOADING=1")
      #expect(reloading?.last?.hasPrefix("MONOTONIC_USEC=") == true)
      let stopping = manager.next()
      #expect(stopping == "STOPPING=1")
    }
  }

  @Test func serviceManagerMayListenAtAPath() async throws {
    try await NetworkNamespace.run {
      var folder = Array("/tmp/drawbridge-XXXXXX".utf8CString)
      try #require(mkdtemp(&folder) != nil)
      let path = String(decoding: folder.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
      defer {
        unlink(path + "/notify")
        rmdir(path)
      }
      let manager = try UNIXReceiver(name: path + "/notify")
      try ServiceNotifier(socketName: manager.name).ready()
      let heard = manager.next()
      #expect(heard == "READY=1")
    }
  }

  @Test func withoutManagerNothingHappensAndWithoutListenerItIsAnError() throws {
    try ServiceNotifier(socketName: nil).ready()
    try ServiceNotifier(socketName: "").ready()
    #expect(throws: SystemError.self) { try ServiceNotifier(socketName: "relative").ready() }
    let tooLong = "/" + String(repeating: "x", count: 108)
    #expect(throws: SystemError.self) { try ServiceNotifier(socketName: tooLong).ready() }
    let error = #expect(throws: SystemError.self) {
      try ServiceNotifier(socketName: "@drawbridge-nobody").ready()
    }
    #expect(error?.errno == ECONNREFUSED)
  }

  @Test func forwardingIsReadAndSet() async throws {
    try await NetworkNamespace.run {
      try KernelSetting.ipv4Forwarding.write("1")
      let on = try KernelSetting.ipv4Forwarding.read()
      #expect(on == "1")
      try KernelSetting.ipv4Forwarding.write("0")
      let off = try KernelSetting.ipv4Forwarding.read()
      #expect(off == "0")
      let error = #expect(throws: SystemError.self) {
        _ = try KernelSetting(path: "net/none").read()
      }
      #expect(
        error?.description
          == "open /proc/sys/net/none: No such file or directory (ENOENT)")
    }
  }

  @Test func threadIsPinnedOrToldWhyNot() async throws {
    try await NetworkNamespace.run {
      try CurrentThread.pin(toProcessor: 0)
      #expect(throws: SystemError.self) { try CurrentThread.pin(toProcessor: -1) }
      #expect(throws: SystemError.self) { try CurrentThread.pin(toProcessor: 1 << 20) }
    }
  }

  @Test func clocksRun() {
    let first = MonotonicClock.now()
    let second = MonotonicClock.now()
    #expect(second >= first)
    #expect(WallClock.now() > .seconds(1_700_000_000))
    var memory = MemoryClock(at: first)
    memory.advance(to: .zero)
    let still = memory.now()
    #expect(still == first)
  }
}

/// A bound UNIX datagram socket that does not block.
struct UNIXReceiver: ~Copyable {
  let name: String
  private let descriptor: FileDescriptor

  init(name: String) throws {
    self.name = name
    let type = Int32(SOCK_DGRAM.rawValue) | Int32(SOCK_NONBLOCK.rawValue)
    descriptor = FileDescriptor(owning: socket(AF_UNIX, type, 0))
    var address = sockaddr_un()
    address.sun_family = sa_family_t(AF_UNIX)
    let bytes = name.utf8.map { $0 == UInt8(ascii: "@") ? 0 : $0 }
    withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: bytes) }
    let length = socklen_t(MemoryLayout<sa_family_t>.size + bytes.count)
    let number = descriptor.number
    let result = withUnsafePointer(to: &address) { pointer in
      pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { bind(number, $0, length) }
    }
    guard result == 0 else { throw SystemError("bind \(name)", errno: errno) }
  }

  borrowing func next() -> String? {
    var bytes = [UInt8](repeating: 0, count: 512)
    let count = recv(descriptor.number, &bytes, bytes.count, 0)
    return count < 0 ? nil : String(decoding: bytes.prefix(count), as: UTF8.self)
  }
}
