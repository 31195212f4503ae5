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
    "ConnectionService": ["Primitives"],
    "Broker": ["ConnectionService", "Cryptography", "Primitives"],
    "Gateway": ["ConnectionService", "Dataplane", "Endpoint", "IKE", "PPP", "Primitives"],
    "Agent": ["ConnectionService", "Dataplane", "Endpoint", "IKE", "PPP", "Primitives"],
    "Simulation": [
      "Agent", "Broker", "ConnectionService", "Cryptography", "Dataplane", "Endpoint", "Gateway",
      "IKE", "IPPacket", "L2TP", "PPP", "Primitives",
    ],
  ]

  /// Targets that touch the world, and what they may import.
  static let impure: [String: Set<String>] = [
    "Cryptography": ["CCryptography", "Primitives"],
    "LinuxIO": ["CLinux", "Glibc", "Primitives"],
    "Settings": ["Foundation", "Primitives", "Yams"],
    "Control": ["ConnectionService", "Foundation", "Glibc", "Primitives"],
    "ControlServer": [
      "Control", "Foundation", "Glibc", "Hummingbird", "HummingbirdCore", "Logging", "NIOCore",
      "ServiceLifecycle", "Synchronization",
    ],
    "ControlClient": ["AsyncHTTPClient", "ConnectionService", "Control", "Foundation", "NIOCore"],
    "Runtime": [
      "Agent", "ConnectionService", "Control", "Cryptography", "Dataplane", "Dispatch", "Endpoint",
      "Gateway", "Glibc", "IKE", "IPPacket", "L2TP", "LinuxIO", "Logging", "PPP", "Primitives",
      "Settings", "Synchronization",
    ],
    "BrokerStore": [
      "Broker", "CPostgreSQL", "ConnectionService", "Dispatch", "Foundation", "GRDB", "Glibc",
      "Primitives", "Synchronization",
    ],
    "BrokerServer": [
      "AsyncHTTPClient", "Broker", "ConnectionService", "Crypto", "Cryptography", "Foundation",
      "Glibc", "HTTPTypes", "Hummingbird", "HummingbirdCore", "HummingbirdTLS", "Logging",
      "NIOCore", "NIOPosix", "NIOSSL", "Primitives", "ServiceLifecycle", "SwiftASN1",
      "Synchronization", "UnixSignals", "X509",
    ],
    "BrokerClient": [
      "AsyncHTTPClient", "ConnectionService", "Cryptography", "Foundation", "Logging", "NIOCore",
      "NIOPosix", "NIOSSL", "Primitives",
    ],
    "Relay": [
      "Broker", "BrokerClient", "BrokerServer", "ConnectionService", "LinuxIO", "Logging",
      "Primitives",
    ],
    "AgentService": [
      "Agent", "BrokerClient", "ConnectionService", "Control", "Cryptography", "Foundation", "GRDB",
      "Glibc", "LinuxIO", "Logging", "Primitives", "Runtime", "Settings", "Synchronization",
    ],
    "Demo": ["Control", "Foundation", "Synchronization"],
    "drawbridge": [
      "AgentService", "ArgumentParser", "Broker", "BrokerClient", "BrokerServer", "BrokerStore",
      "ConnectionService", "Control", "ControlClient", "ControlServer", "Demo", "Dispatch",
      "Foundation", "Glibc", "LinuxIO", "Logging", "Primitives", "Relay", "Runtime", "Settings",
    ],
    "simulate": ["ArgumentParser", "Glibc", "Simulation", "Synchronization"],
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
    "Hummingbird": ["BrokerServer", "ControlServer"],
    "AsyncHTTPClient": ["BrokerClient", "BrokerServer", "ControlClient"],
    "GRDB": ["AgentService", "BrokerStore"],
    "CPostgreSQL": ["BrokerStore"],
  ]
}
