/// How this endpoint numbers its tunnels, in the order of their creation; never used again.
public struct TunnelNumber: Hashable, Comparable, Sendable, CustomStringConvertible {
  public let value: UInt32

  public init(_ value: UInt32) { self.value = value }

  public static func < (left: TunnelNumber, right: TunnelNumber) -> Bool {
    left.value < right.value
  }

  public var description: String { String(value) }
}
