// swift-tools-version:6.2
import PackageDescription

// The fuzz targets, apart from the product's package: they want every module built with the
// sanitizers, and a static library, because libFuzzer brings its own `main` (`Scripts/fuzz` links
// it). The modules under test are the product's own folders, by symbolic link; of the targets that
// speak HTTP, only the files that read what arrives (BrokerServer's JSON, BrokerClient's streams,
// the check of a file of events): the rest would bring the whole of HTTP with it.
let strict: [SwiftSetting] = [.treatAllWarnings(as: .error), .strictMemorySafety()]

let package = Package(
  name: "drawbridge-fuzz",
  products: [.library(name: "FuzzTargets", type: .static, targets: ["FuzzTargets"])],
  dependencies: [.package(url: "https://github.com/jpsim/Yams", from: "6.2.2")],
  targets: [
    .target(name: "Primitives", swiftSettings: strict),
    .target(name: "CCryptography", linkerSettings: [.linkedLibrary("crypto")]),
    .target(
      name: "Cryptography", dependencies: ["CCryptography", "Primitives"], swiftSettings: strict),
    .target(name: "IKE", dependencies: ["Cryptography", "Primitives"], swiftSettings: strict),
    .target(name: "L2TP", dependencies: ["Cryptography", "Primitives"], swiftSettings: strict),
    .target(name: "PPP", dependencies: ["Cryptography", "Primitives"], swiftSettings: strict),
    .target(name: "IPPacket", dependencies: ["Primitives"], swiftSettings: strict),
    .target(
      name: "ESP", dependencies: ["Cryptography", "IPPacket", "Primitives"],
      swiftSettings: strict),
    .target(
      name: "Dataplane", dependencies: ["Cryptography", "ESP", "IPPacket", "Primitives"],
      swiftSettings: strict),
    .target(
      name: "Endpoint",
      dependencies: [
        "Cryptography", "Dataplane", "ESP", "IKE", "IPPacket", "L2TP", "PPP", "Primitives",
      ], swiftSettings: strict),
    .target(name: "ConnectionService", dependencies: ["Primitives"], swiftSettings: strict),
    .target(
      name: "Gateway",
      dependencies: [
        "ConnectionService", "Dataplane", "Endpoint", "IKE", "L2TP", "PPP", "Primitives",
      ], swiftSettings: strict),
    .target(
      name: "Broker", dependencies: ["ConnectionService", "Cryptography", "Primitives"],
      swiftSettings: strict),
    .target(
      name: "Control", dependencies: ["ConnectionService", "Primitives"], swiftSettings: strict),
    .target(name: "CLinux"),
    .target(
      name: "LinuxIO", dependencies: ["CLinux", "Primitives"],
      swiftSettings: [.treatAllWarnings(as: .error)]),
    .target(
      name: "Settings", dependencies: ["Primitives", .product(name: "Yams", package: "Yams")],
      swiftSettings: strict),
    .target(name: "BrokerServer", swiftSettings: strict),
    .target(name: "BrokerClient", dependencies: ["ConnectionService"], swiftSettings: strict),
    .target(
      name: "EventFiles", dependencies: ["Broker", "ConnectionService", "Control"],
      swiftSettings: strict),
    .target(name: "CFuzzTargets"),
    .target(
      name: "FuzzTargets",
      dependencies: [
        "Broker", "BrokerClient", "BrokerServer", "CFuzzTargets", "ConnectionService",
        "Cryptography", "Dataplane", "ESP", "Endpoint", "EventFiles", "Gateway", "IKE", "IPPacket",
        "L2TP", "LinuxIO", "PPP",
        "Primitives", "Settings",
      ],
      swiftSettings: [.treatAllWarnings(as: .error)]),
  ]
)
