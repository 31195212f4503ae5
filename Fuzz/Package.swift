// swift-tools-version:6.2
import PackageDescription

// The fuzz targets, apart from the product's package: they want every module built with the
// sanitizers, and a static library, because libFuzzer brings its own `main` (`Scripts/fuzz` links
// it). The modules under test are the product's own folders, by symbolic link.
let strict: [SwiftSetting] = [.treatAllWarnings(as: .error), .strictMemorySafety()]

let package = Package(
  name: "drawbridge-fuzz",
  products: [.library(name: "FuzzTargets", type: .static, targets: ["FuzzTargets"])],
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
      name: "FuzzTargets",
      dependencies: [
        "Cryptography", "Dataplane", "ESP", "IKE", "IPPacket", "L2TP", "PPP", "Primitives",
      ],
      swiftSettings: [.treatAllWarnings(as: .error)]),
  ]
)
