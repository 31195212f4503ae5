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
    "Endpoint": [
      "Cryptography", "Dataplane", "ESP", "IKE", "IPPacket", "L2TP", "PPP", "Primitives",
    ],
    "Gateway": ["Dataplane", "Endpoint", "ESP", "IKE", "L2TP", "PPP", "Primitives"],
    "Agent": ["Dataplane", "Endpoint", "ESP", "IKE", "L2TP", "PPP", "Primitives"],
    "Simulation": [
      "Agent", "Dataplane", "Endpoint", "ESP", "Gateway", "IKE", "L2TP", "PPP", "Primitives",
    ],
  ]

  /// Targets that touch the world, and what they may import.
  static let impure: [String: Set<String>] = [
    "Cryptography": ["CCryptography", "Primitives"],
    "LinuxIO": ["CLinux", "Glibc", "Primitives"],
  ]

  /// Pure targets that reach no C library: they compile in Embedded mode, in this order.
  static let embedded = ["Primitives", "IPPacket"]

  /// Packages and modules that only the named targets may import.
  static let onlyIn: [String: Set<String>] = [
    "CCryptography": ["Cryptography"],
    "CLinux": ["LinuxIO"],
  ]
}
