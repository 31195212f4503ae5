// swift-tools-version:6.2
import PackageDescription

// The build graph is the architecture: imports only go down (Docs/architecture.md).
let warnings: SwiftSetting = .treatAllWarnings(as: .error)
let strict: [SwiftSetting] = [warnings, .strictMemorySafety()]
let careful: [CSetting] = [
  .treatAllWarnings(as: .error), .enableWarning("all"), .enableWarning("extra"),
]

let argumentParser: Target.Dependency =
  .product(name: "ArgumentParser", package: "swift-argument-parser")
let logging: Target.Dependency = .product(name: "Logging", package: "swift-log")
let asyncHTTPClient: Target.Dependency =
  .product(name: "AsyncHTTPClient", package: "async-http-client")

let grdb: Target.Dependency = .product(name: "GRDB", package: "GRDB.swift")
let hummingbird: Target.Dependency = .product(name: "Hummingbird", package: "hummingbird")
let hummingbirdCore: Target.Dependency = .product(name: "HummingbirdCore", package: "hummingbird")
let hummingbirdTLS: Target.Dependency = .product(name: "HummingbirdTLS", package: "hummingbird")
let nioSSL: Target.Dependency = .product(name: "NIOSSL", package: "swift-nio-ssl")
let serviceLifecycle: Target.Dependency =
  .product(name: "ServiceLifecycle", package: "swift-service-lifecycle")
let x509: Target.Dependency = .product(name: "X509", package: "swift-certificates")

let package = Package(
  name: "drawbridge",
  products: [
    .executable(name: "drawbridge", targets: ["drawbridge"]),
    .executable(name: "simulate", targets: ["simulate"]),
    .executable(name: "benchmarks", targets: ["Benchmarks"]),
  ],
  dependencies: [
    .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
    .package(url: "https://github.com/apple/swift-certificates", from: "1.21.1"),
    .package(url: "https://github.com/apple/swift-log", from: "1.16.2"),
    .package(url: "https://github.com/apple/swift-nio-ssl", from: "2.37.6"),
    .package(url: "https://github.com/groue/GRDB.swift", from: "7.10.0"),
    .package(url: "https://github.com/hummingbird-project/hummingbird", from: "2.28.1"),
    .package(url: "https://github.com/jpsim/Yams", from: "6.2.2"),
    .package(url: "https://github.com/swift-server/async-http-client", from: "1.37.0"),
    .package(url: "https://github.com/swift-server/swift-service-lifecycle", from: "2.13.0"),
  ],
  targets: [
    // Bytes, time and arithmetic.
    .target(name: "Primitives", swiftSettings: strict),
    .target(
      name: "CCryptography", cSettings: careful, linkerSettings: [.linkedLibrary("crypto")]),
    .target(
      name: "Cryptography", dependencies: ["CCryptography", "Primitives"], swiftSettings: strict),
    .target(name: "IPPacket", dependencies: ["Primitives"], swiftSettings: strict),

    // The protocols.
    .target(name: "IKE", dependencies: ["Cryptography", "Primitives"], swiftSettings: strict),
    .target(
      name: "ESP", dependencies: ["Cryptography", "IPPacket", "Primitives"],
      swiftSettings: strict),
    .target(name: "L2TP", dependencies: ["Cryptography", "Primitives"], swiftSettings: strict),
    .target(name: "PPP", dependencies: ["Cryptography", "Primitives"], swiftSettings: strict),

    // One host: its packet path, its tunnels, its two ends.
    .target(
      name: "Dataplane", dependencies: ["Cryptography", "ESP", "IPPacket", "Primitives"],
      swiftSettings: strict),
    .target(
      name: "Endpoint",
      dependencies: [
        "Cryptography", "Dataplane", "ESP", "IKE", "IPPacket", "L2TP", "PPP", "Primitives",
      ], swiftSettings: strict),
    .target(
      name: "Gateway",
      dependencies: [
        "ConnectionService", "Dataplane", "Endpoint", "IKE", "L2TP", "PPP", "Primitives",
      ], swiftSettings: strict),
    .target(
      name: "Agent",
      dependencies: [
        "ConnectionService", "Dataplane", "Endpoint", "IKE", "L2TP", "PPP", "Primitives",
      ], swiftSettings: strict),
    .target(
      name: "Simulation",
      dependencies: [
        "Agent", "Broker", "ConnectionService", "Cryptography", "Dataplane", "Endpoint", "Gateway",
        "IKE", "IPPacket", "L2TP", "PPP", "Primitives",
      ], swiftSettings: strict),

    // The connection service: its words, and the broker's rules.
    .target(name: "ConnectionService", dependencies: ["Primitives"], swiftSettings: strict),
    .target(
      name: "Broker", dependencies: ["ConnectionService", "Cryptography", "Primitives"],
      swiftSettings: strict),

    // The world outside.
    .target(name: "CLinux", cSettings: careful),
    .target(name: "LinuxIO", dependencies: ["CLinux", "Primitives"], swiftSettings: [warnings]),
    .target(
      name: "Settings", dependencies: ["Primitives", .product(name: "Yams", package: "Yams")],
      swiftSettings: strict),
    .target(
      name: "Control", dependencies: ["ConnectionService", "Primitives"], swiftSettings: strict),
    .target(
      name: "ControlServer",
      dependencies: [
        "Control", hummingbird, hummingbirdCore, serviceLifecycle, logging,
      ], swiftSettings: strict),
    .target(
      name: "ControlClient", dependencies: ["Control", asyncHTTPClient], swiftSettings: strict),
    .target(
      name: "Runtime",
      dependencies: [
        "Agent", "ConnectionService", "Control", "Cryptography", "Dataplane", "Endpoint", "ESP",
        "Gateway", "IKE", "IPPacket", "L2TP", "LinuxIO", "PPP", "Primitives", "Settings", logging,
      ], swiftSettings: strict),
    .systemLibrary(
      name: "CPostgreSQL", pkgConfig: "libpq", providers: [.apt(["libpq-dev"])]),
    .target(
      name: "BrokerStore",
      dependencies: ["Broker", "ConnectionService", "CPostgreSQL", "Primitives", grdb],
      swiftSettings: strict),
    .target(
      name: "BrokerServer",
      dependencies: [
        "Broker", "ConnectionService", "Cryptography", "Primitives", asyncHTTPClient, hummingbird,
        hummingbirdCore, hummingbirdTLS, logging, nioSSL, serviceLifecycle, x509,
      ],
      resources: [.embedInCode("Console/Files")], swiftSettings: strict),
    .target(
      name: "BrokerClient",
      dependencies: [
        "ConnectionService", "Cryptography", "Primitives", asyncHTTPClient, logging, nioSSL,
      ], swiftSettings: strict),
    .target(
      name: "Relay",
      dependencies: [
        "Broker", "BrokerClient", "BrokerServer", "ConnectionService", "LinuxIO", "Primitives",
        logging,
      ], swiftSettings: strict),
    .target(
      name: "AgentService",
      dependencies: [
        "Agent", "BrokerClient", "ConnectionService", "Control", "Cryptography", "LinuxIO",
        "Primitives", "Runtime", "Settings", grdb, logging,
      ], swiftSettings: strict),
    .target(name: "Demo", dependencies: ["Control"], swiftSettings: [warnings]),
    .executableTarget(
      name: "drawbridge",
      dependencies: [
        "AgentService", "Broker", "BrokerClient", "BrokerServer", "BrokerStore",
        "ConnectionService", "Control", "ControlClient", "ControlServer", "Demo", "LinuxIO",
        "Primitives", "Relay", "Runtime", "Settings", argumentParser, logging,
      ], swiftSettings: strict),
    .executableTarget(
      name: "simulate", dependencies: ["Simulation", argumentParser], swiftSettings: [warnings]),
    .target(name: "CBenchmarks", cSettings: careful),
    .executableTarget(
      name: "Benchmarks",
      dependencies: [
        "Agent", "CBenchmarks", "Cryptography", "Dataplane", "ESP", "Endpoint", "Gateway", "IKE",
        "IPPacket", "L2TP", "PPP", "Primitives", "Simulation",
      ], swiftSettings: [warnings]),

    // Tests.
    .target(name: "Programs", path: "Tests/Programs"),
    .testTarget(name: "PrimitivesTests", dependencies: ["Primitives"]),
    .testTarget(name: "CryptographyTests", dependencies: ["Cryptography", "Primitives"]),
    .testTarget(name: "IPPacketTests", dependencies: ["IPPacket", "Primitives"]),
    .testTarget(name: "IKETests", dependencies: ["Cryptography", "IKE", "Primitives"]),
    .testTarget(
      name: "ESPTests", dependencies: ["Cryptography", "ESP", "IPPacket", "Primitives"]),
    .testTarget(name: "L2TPTests", dependencies: ["Cryptography", "L2TP", "Primitives"]),
    .testTarget(name: "PPPTests", dependencies: ["Cryptography", "PPP", "Primitives"]),
    .testTarget(
      name: "DataplaneTests",
      dependencies: ["Cryptography", "Dataplane", "ESP", "IPPacket", "Primitives"]),
    .testTarget(
      name: "EndpointTests",
      dependencies: ["Cryptography", "Dataplane", "Endpoint", "IKE", "L2TP", "PPP", "Primitives"]),
    .testTarget(
      name: "GatewayTests",
      dependencies: [
        "ConnectionService", "Cryptography", "Dataplane", "Endpoint", "Gateway", "IKE", "IPPacket",
        "L2TP", "PPP", "Primitives",
      ]),
    .testTarget(
      name: "AgentTests",
      dependencies: [
        "Agent", "ConnectionService", "Cryptography", "Dataplane", "Endpoint", "Gateway", "IKE",
        "IPPacket", "L2TP", "PPP", "Primitives",
      ]),
    .testTarget(
      name: "SimulationTests",
      dependencies: [
        "Agent", "Broker", "ConnectionService", "Dataplane", "Endpoint", "Gateway", "IKE", "L2TP",
        "PPP", "Primitives",
        "Simulation",
      ]),
    .testTarget(
      name: "RuntimeTests",
      dependencies: [
        "Agent", "CLinux", "Control", "Dataplane", "Endpoint", "Gateway", "IKE", "IPPacket",
        "L2TP", "LinuxIO", "PPP", "Primitives", "Runtime", "Settings", logging,
      ]),
    .testTarget(name: "LinuxIOTests", dependencies: ["CLinux", "LinuxIO", "Primitives"]),
    .testTarget(name: "SettingsTests", dependencies: ["Primitives", "Settings"]),
    .testTarget(
      name: "ControlTests",
      dependencies: [
        "Broker", "ConnectionService", "Control", "ControlClient", "ControlServer", "Primitives",
        "Programs", "drawbridge", asyncHTTPClient, logging,
      ]),
    .testTarget(name: "ConnectionServiceTests", dependencies: ["ConnectionService", "Primitives"]),
    .testTarget(
      name: "BrokerTests",
      dependencies: ["Broker", "ConnectionService", "Cryptography", "Primitives"]),
    .testTarget(
      name: "BrokerStoreTests",
      dependencies: ["Broker", "BrokerStore", "ConnectionService", "Primitives", "Programs"]),
    .testTarget(
      name: "BrokerServerTests",
      dependencies: [
        "Broker", "BrokerClient", "BrokerServer", "BrokerStore", "ConnectionService", "Primitives",
        asyncHTTPClient, logging,
      ]),
    .testTarget(
      name: "RelayTests",
      dependencies: [
        "Broker", "BrokerClient", "BrokerServer", "BrokerStore", "ConnectionService", "Primitives",
        "Relay", logging,
      ]),
    .testTarget(
      name: "AgentServiceTests",
      dependencies: [
        "Agent", "AgentService", "BrokerClient", "ConnectionService", "Control", "Primitives",
        "Programs", grdb, logging,
      ]),
    .testTarget(name: "TidyTests", dependencies: ["Programs"]),
  ]
)
