// swift-tools-version:6.2
import PackageDescription

// The build graph is the architecture: imports only go down (Docs/architecture.md).
let warnings: SwiftSetting = .treatAllWarnings(as: .error)
let strict: [SwiftSetting] = [warnings, .strictMemorySafety()]
let careful: [CSetting] = [
  .treatAllWarnings(as: .error), .enableWarning("all"), .enableWarning("extra"),
]

let package = Package(
  name: "drawbridge",
  dependencies: [
    .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
  ],
  targets: [
    .target(name: "Primitives", swiftSettings: strict),
    .target(
      name: "CCryptography", cSettings: careful, linkerSettings: [.linkedLibrary("crypto")]),
    .target(
      name: "Cryptography", dependencies: ["CCryptography", "Primitives"], swiftSettings: strict),
    .target(name: "IPPacket", dependencies: ["Primitives"], swiftSettings: strict),
    .target(name: "IKE", dependencies: ["Cryptography", "Primitives"], swiftSettings: strict),
    .target(
      name: "ESP", dependencies: ["Cryptography", "IPPacket", "Primitives"],
      swiftSettings: strict),
    .target(name: "L2TP", dependencies: ["Cryptography", "Primitives"], swiftSettings: strict),
    .target(name: "PPP", dependencies: ["Cryptography", "Primitives"], swiftSettings: strict),
    .target(
      name: "Dataplane", dependencies: ["Cryptography", "ESP", "IPPacket", "Primitives"],
      swiftSettings: strict),
    .target(
      name: "Endpoint",
      dependencies: [
        "Cryptography", "Dataplane", "ESP", "IKE", "IPPacket", "L2TP", "PPP", "Primitives",
      ], swiftSettings: strict),
    .target(
      name: "Gateway", dependencies: ["Dataplane", "Endpoint", "IKE", "L2TP", "PPP", "Primitives"],
      swiftSettings: strict),
    .target(
      name: "Agent", dependencies: ["Dataplane", "Endpoint", "IKE", "L2TP", "PPP", "Primitives"],
      swiftSettings: strict),
    .target(
      name: "Simulation",
      dependencies: [
        "Agent", "Cryptography", "Dataplane", "Endpoint", "Gateway", "IKE", "IPPacket", "L2TP",
        "PPP", "Primitives",
      ], swiftSettings: strict),
    .executableTarget(
      name: "simulate",
      dependencies: [
        "Simulation", .product(name: "ArgumentParser", package: "swift-argument-parser"),
      ], swiftSettings: [warnings]),
    .target(name: "CLinux", cSettings: careful),
    .target(name: "LinuxIO", dependencies: ["CLinux", "Primitives"], swiftSettings: [warnings]),
    .testTarget(name: "PrimitivesTests", dependencies: ["Primitives"]),
    .testTarget(name: "CryptographyTests", dependencies: ["Cryptography", "Primitives"]),
    .testTarget(name: "L2TPTests", dependencies: ["Cryptography", "L2TP", "Primitives"]),
    .testTarget(name: "PPPTests", dependencies: ["Cryptography", "PPP", "Primitives"]),
    .testTarget(name: "LinuxIOTests", dependencies: ["CLinux", "LinuxIO", "Primitives"]),
    .testTarget(name: "EndpointTests", dependencies: ["Endpoint", "Primitives"]),
    .testTarget(name: "GatewayTests", dependencies: ["Gateway", "Primitives"]),
    .testTarget(
      name: "SimulationTests", dependencies: ["Dataplane", "Endpoint", "Primitives", "Simulation"]),
    .testTarget(name: "TidyTests"),
  ]
)
