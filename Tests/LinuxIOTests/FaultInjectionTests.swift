import CLinux
import Glibc
import LinuxIO
import Primitives
import Testing

/// Makes the n-th system call fail, for every n, and looks at what is left.
@Suite(.timeLimit(.minutes(5))) struct FaultInjectionTests {
  /// Runs `body` with its first, second, … system call failing until it makes no more calls.
  /// Returns how many runs ended in an error; whatever happens, no descriptor stays open.
  private static func failEveryCall(
    with number: Int32, _ body: () throws -> Void, cleaningUpWith cleanUp: () -> Void = {}
  ) -> (calls: Int, thrown: Int) {
    let before = openDescriptors()
    var thrown = 0
    for nth in 1...100 {
      clinux_fail_call(UInt32(nth), number)
      do { try body() } catch { thrown += 1 }
      let isFinished = clinux_fault_pending() != 0
      clinux_fail_call(0, 0)
      cleanUp()
      #expect(openDescriptors() == before, "call \(nth) leaves a descriptor open")
      if isFinished { return (nth - 1, thrown) }
    }
    Issue.record("more than 100 system calls")
    return (100, thrown)
  }

  private static func openDescriptors() -> Int {
    (0..<Int32(1024)).count { fcntl($0, F_GETFD) >= 0 }
  }

  @Test func creatingAnythingSurvivesEveryFault() async throws {
    try await NetworkNamespace.run {
      let poller = Self.failEveryCall(with: EMFILE) { _ = try Poller() }
      #expect(poller == (3, 3))
      let waker = Self.failEveryCall(with: EMFILE) { _ = try Waker() }
      #expect(waker == (1, 1))
      let device = Self.failEveryCall(with: EPERM) { _ = try TUNDevice() }
      #expect(device == (2, 2))
      var offload = TUNOptions()
      offload.offload = true
      // Only the two requests for offload have a way round.
      let header = Self.failEveryCall(with: EINVAL) { _ = try TUNDevice(options: offload) }
      #expect((header.calls, header.thrown) == (4, 3))
      var options = SocketOptions()
      options.reuseAddress = true
      options.reusePort = true
      options.offload = true
      // The forced buffer sizes and both offloads have a way round; all other calls must succeed.
      let udp = Self.failEveryCall(with: ENOBUFS) {
        _ = try UDPSocket(bindingTo: .literal("127.0.0.1"), options: options)
      }
      #expect(udp.calls - udp.thrown == 4)
      let raw = Self.failEveryCall(with: EPERM) {
        _ = try RawESPSocket(bindingTo: try SocketAddress.literal("::1").address)
      }
      #expect(raw.calls - raw.thrown == 2)
    }
  }

  @Test func networkChangesAreTakenBackAfterEveryFault() async throws {
    try await NetworkNamespace.run {
      var netlink = try Netlink()
      let device = try TUNDevice()
      let link = try netlink.link(named: device.name).index
      try netlink.configure(link, isUp: true)
      let own = LinkAddress(
        try SocketAddress.literal("10.9.0.1").address, prefixBits: 24, on: link)
      let route = Route(to: try #require(IPPrefix("10.20.0.0/16")), on: link)
      var changes = NetworkChanges()
      var failures: [SystemError] = []
      let result = Self.failEveryCall(with: ENOBUFS) {
        var failing = try Netlink()
        try changes.add(own, with: &failing)
        try changes.add(route, with: &failing)
      } cleaningUpWith: {
        failures += changes.revert(with: &netlink)
        // A change whose acknowledgement was lost has been made all the same.
        try? netlink.remove(route)
        try? netlink.remove(own)
      }
      // Socket, its time limit, and for each change a request and its answer.
      #expect(result == (6, 6))
      #expect(failures.isEmpty)
    }
  }

  @Test func receiveToleratesInterruptionsAndNetworkErrors() async throws {
    try await NetworkNamespace.run {
      var sender = try UDPSocket(bindingTo: .literal("127.0.0.1"))
      var receiver = try UDPSocket(bindingTo: .literal("127.0.0.1"))
      let arena = TestArena(slots: 4, slotBytes: 64)
      for number in [EINTR, ECONNREFUSED, EHOSTUNREACH] {
        _ = try arena.send([[1]], to: receiver.local, through: &sender)
        clinux_fail_call(1, number)
        let received = try arena.receive(from: &receiver)
        #expect(received.map(\.bytes) == [[1]])
      }
      #expect(receiver.counters.networkErrors == 2)
      for number in [EAGAIN, ENOBUFS, ENOMEM] {
        clinux_fail_call(1, number)
        let received = try arena.receive(from: &receiver)
        #expect(received.isEmpty)
      }
      clinux_fail_call(1, EBADF)
      let error = #expect(throws: SystemError.self) { _ = try arena.receive(from: &receiver) }
      #expect(error?.errno == EBADF)
    }
  }

  @Test func sendStopsWhenFullAndSkipsWhatCannotGo() async throws {
    try await NetworkNamespace.run {
      var sender = try UDPSocket(bindingTo: .literal("127.0.0.1"))
      let arena = TestArena(slots: 4, slotBytes: 64)
      let target = sender.local
      clinux_fail_call(1, EAGAIN)
      let full = try arena.send([[1], [2]], to: target, through: &sender)
      #expect(full.done == 0)
      clinux_fail_call(1, EINTR)
      let interrupted = try arena.send([[1], [2]], to: target, through: &sender)
      #expect(interrupted.done == 2)
      for number in [EPERM, ENOBUFS, EHOSTUNREACH, ECONNREFUSED] {
        clinux_fail_call(1, number)
        let skipped = try arena.send([[1], [2]], to: target, through: &sender)
        #expect(skipped.done == 2)
        #expect(skipped.slots.map(\.failure) == [UInt16(number), 0])
      }
      clinux_fail_call(1, EBADF)
      #expect(throws: SystemError.self) {
        _ = try arena.send([[1]], to: target, through: &sender)
      }
      #expect(sender.counters.sent == 6)
      #expect(sender.counters.sendFailures == 4)
    }
  }

  @Test(arguments: [EIO, EINVAL, EMSGSIZE])
  func segmentationThatTheKernelRefusesIsDoneByUs(number: Int32) async throws {
    try await NetworkNamespace.run {
      var options = SocketOptions()
      options.offload = true
      var sender = try UDPSocket(bindingTo: .literal("127.0.0.1"), options: options)
      var receiver = try UDPSocket(bindingTo: .literal("127.0.0.1"))
      let offload = sender.segmentationOffload
      try #require(offload)
      let arena = TestArena(slots: 16, slotBytes: 64)
      clinux_fail_call(1, number)
      let sent = try arena.send(
        [payload(1, 35), payload(2, 20)], segmentBytes: 10, to: receiver.local, through: &sender)
      #expect(sent.done == 2)
      let received = try arena.receive(from: &receiver)
      #expect(received.map(\.bytes.count) == [10, 10, 10, 5, 10, 10])
      // Only a device without checksums refuses for good.
      #expect(sender.segmentationOffload == (number != EIO))
    }
  }

  @Test func deviceToleratesInterruptionsAndReportsALostOne() async throws {
    try await NetworkNamespace.run {
      var device = try TUNDevice()
      let arena = TestArena(slots: 2, slotBytes: 256)
      clinux_fail_call(1, EINTR)
      let none = try arena.read(from: &device)
      #expect(none.isEmpty)
      clinux_fail_call(1, EBADFD)
      let error = #expect(throws: SystemError.self) { _ = try arena.read(from: &device) }
      #expect(error?.description.hasPrefix("read from tun0") == true)
      clinux_fail_call(1, EAGAIN)
      let full = try arena.write([[0x45]], to: &device)
      #expect(full.done == 0)
    }
  }

  @Test(arguments: [ENOENT, ENODEV, ENXIO])
  func missingDriverIsToldApart(number: Int32) {
    clinux_fail_call(1, number)
    #expect(throws: TUNDeviceError.noDriver(SystemError("open /dev/net/tun", errno: number))) {
      _ = try TUNDevice()
    }
  }

  @Test func interruptedWaitReturnsNothing() throws {
    var poller = try Poller()
    var events: [ReadyEvent] = []
    clinux_fail_call(1, EINTR)
    try poller.wait(until: .zero, into: &events)
    #expect(events.isEmpty)
    clinux_fail_call(1, EBADF)
    #expect(throws: SystemError.self) { try poller.wait(until: .zero, into: &events) }
  }
}
