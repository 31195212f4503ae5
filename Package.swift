// swift-tools-version:6.2
import PackageDescription

// The build graph is the architecture: imports only go down (Docs/architecture.md).
let strict: [SwiftSetting] = [.treatAllWarnings(as: .error), .strictMemorySafety()]

let package = Package(
  name: "drawbridge",
  targets: [
    .target(name: "Primitives", swiftSettings: strict),
    .testTarget(name: "PrimitivesTests", dependencies: ["Primitives"]),
  ]
)
