// swift-tools-version:6.2
import PackageDescription

// The build graph is the architecture: imports only go down (Docs/architecture.md).
let strict: [SwiftSetting] = [.treatAllWarnings(as: .error), .strictMemorySafety()]

let package = Package(
  name: "drawbridge",
  targets: [
    .target(name: "Primitives", swiftSettings: strict),
    .target(name: "Endpoint", dependencies: ["Primitives"], swiftSettings: strict),
    .target(name: "Gateway", dependencies: ["Endpoint", "Primitives"], swiftSettings: strict),
    .target(name: "Simulation", dependencies: ["Primitives"], swiftSettings: strict),
    .testTarget(name: "PrimitivesTests", dependencies: ["Primitives"]),
    .testTarget(name: "EndpointTests", dependencies: ["Endpoint", "Primitives"]),
    .testTarget(name: "GatewayTests", dependencies: ["Gateway", "Primitives"]),
    .testTarget(name: "TidyTests"),
  ]
)
