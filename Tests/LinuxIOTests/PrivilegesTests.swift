import Glibc
import LinuxIO
import Primitives
import Testing

@Suite(.timeLimit(.minutes(5))) struct PrivilegesTests {
  @Test func whatNeedsRightsSaysWhichWhenTheyAreGone() async throws {
    try await NetworkNamespace.run {
      var netlink = try Netlink()
      let loopback = try netlink.link(named: "lo").index
      try Privileges.drop(to: [])
      let left = try Privileges.current()
      #expect(left == [])

      let device = #expect(throws: TUNDeviceError.self) { _ = try TUNDevice(name: "draw0") }
      guard case .notPermitted = device else {
        Issue.record("expected .notPermitted, not \(String(describing: device))")
        return
      }
      #expect(device?.description.hasSuffix("grant CAP_NET_ADMIN") == true)
      let raw = #expect(throws: SystemError.self) {
        _ = try RawESPSocket(bindingTo: .v4(.any))
      }
      #expect(raw?.errno == EPERM)
      #expect(raw?.description.contains("CAP_NET_RAW") == true)
      let change = #expect(throws: SystemError.self) {
        try netlink.configure(loopback, isUp: false)
      }
      #expect(change?.errno == EPERM)
      #expect(change?.advice == "grant CAP_NET_ADMIN")
      // Large buffers are asked for twice, the second time within the system's limit.
      _ = try UDPSocket(bindingTo: .literal("127.0.0.1"))
    }
  }

  @Test func keptCapabilitiesStillWork() async throws {
    try await NetworkNamespace.run {
      try Privileges.drop(to: [.netAdmin, .netRaw, .netBindService])
      let left = try Privileges.current()
      #expect(left == [.netAdmin, .netRaw, .netBindService])
      let device = try TUNDevice()
      #expect(device.name == "tun0")
      _ = try RawESPSocket(bindingTo: .v4(.any))
      _ = try UDPSocket(bindingTo: .literal("127.0.0.1", 500))
      // What was given up does not come back.
      try Privileges.drop(to: Capabilities(rawValue: .max))
      let still = try Privileges.current()
      #expect(still == left)
    }
  }
}
