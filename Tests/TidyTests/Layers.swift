/// The architecture as data: what each target may import. Imports only go down.
enum Layers {
  /// Targets without I/O, clocks, threads or Foundation.
  static let pure: [String: Set<String>] = [
    "Primitives": [],
    "IPPacket": ["Primitives"],
    "IKE": ["Cryptography", "Primitives"],
    "ESP": ["Cryptography", "IPPacket", "Primitives"],
    "L2TP": ["Cryptography", "Primitives"],
    "PPP": ["Cryptography", "Primitives"],
    "Dataplane": ["Cryptography", "ESP", "IPPacket", "Primitives"],
    "Endpoint": ["Dataplane", "ESP", "IKE", "IPPacket", "L2TP", "PPP", "Primitives"],
    "Gateway": ["Dataplane", "Endpoint", "IKE", "PPP", "Primitives"],
    "Agent": ["Dataplane", "Endpoint", "IKE", "PPP", "Primitives"],
    "Simulation": [
      "Agent", "Cryptography", "Dataplane", "Endpoint", "Gateway", "IKE", "IPPacket", "L2TP",
      "PPP", "Primitives",
    ],
  ]

  /// Targets that touch the world, and what they may import.
  static let impure: [String: Set<String>] = [
    "Cryptography": ["CCryptography", "Primitives"],
    "LinuxIO": ["CLinux", "Glibc", "Primitives"],
    "Settings": ["Foundation", "Primitives", "Yams"],
    "Control": ["Foundation", "Glibc", "Primitives"],
    "ControlServer": [
      "Control", "Foundation", "Glibc", "Hummingbird", "HummingbirdCore", "Logging", "NIOCore",
      "ServiceLifecycle", "Synchronization",
    ],
    "ControlClient": ["AsyncHTTPClient", "Control", "Foundation", "NIOCore"],
    "Runtime": [
      "Agent", "Control", "Cryptography", "Dataplane", "Dispatch", "Endpoint",
      "Gateway", "Glibc", "IKE", "IPPacket", "L2TP", "LinuxIO", "Logging", "PPP", "Primitives",
      "Settings", "Synchronization",
    ],
    "Demo": ["Control", "Foundation", "Synchronization"],
    "drawbridge": [
      "ArgumentParser", "Control", "ControlClient", "ControlServer", "Demo", "Glibc", "Logging",
      "Primitives", "Runtime", "Settings",
    ],
    "simulate": ["ArgumentParser", "Simulation"],
    "Benchmarks": [
      "Agent", "CBenchmarks", "Cryptography", "Dataplane", "ESP", "Endpoint", "Foundation",
      "Gateway", "IKE", "IPPacket", "L2TP", "PPP", "Primitives", "Simulation",
    ],
  ]

  /// Pure targets that reach no C library: they compile in Embedded mode, in this order.
  static let embedded = ["Primitives", "IPPacket"]

  /// Modules that only the named targets may import.
  static let onlyIn: [String: Set<String>] = [
    "CCryptography": ["Cryptography"],
    "CLinux": ["LinuxIO"],
    "Yams": ["Settings"],
    "Hummingbird": ["ControlServer"],
    "AsyncHTTPClient": ["ControlClient"],
  ]
}
